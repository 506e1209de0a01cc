/* URLs under which packages can be downloaded: presigned, and Lamb's own (see download.c). */
#pragma once

#include "api/call.h"

/* Valid for ten minutes, for everybody who has it, as on AWS. In fresh memory. Source: Lambda API,
 * GetFunction. */
char *location_make(const struct api_call *call, const char *digest);
