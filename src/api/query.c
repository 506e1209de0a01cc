/* See query.h. */
#include "api/query.h"

#include "api/xml.h"

static void open_response(struct buf *body, const struct api_call *call) {
    buf_append_format(body, "<%sResponse xmlns=\"%s\">", call->match.operation->name, call->service->xmlns);
}

static void close_response(struct buf *body, const struct api_call *call) {
    xml_open(body, "ResponseMetadata");
    xml_put(body, "RequestId", call->request_id);
    xml_close(body, "ResponseMetadata");
    buf_append_format(body, "</%sResponse>", call->match.operation->name);
}

void query_open(struct buf *body, const struct api_call *call) {
    open_response(body, call);
    buf_append_format(body, "<%sResult>", call->match.operation->name);
}

void query_close(struct buf *body, const struct api_call *call) {
    buf_append_format(body, "</%sResult>", call->match.operation->name);
    close_response(body, call);
}

void query_put_empty(struct buf *body, const struct api_call *call) {
    open_response(body, call);
    close_response(body, call);
}
