/* How often a chain of functions that call each other has come back to the same one: told by what the tracing
 * header carries from call to call, "Lineage=<calls>:<function>:<returns>". Values.
 *
 * One function of the chain is remembered, as eight hex digits, with the times that the chain came back to
 * it. When the number of calls is a power of two, and returns are rare, the function then called is
 * remembered instead: sooner or later it is one within the loop. So a loop of up to LINEAGE_LENGTH functions
 * is noticed, and nothing else is: each return was counted. Source: Lambda Developer Guide, "Use Lambda
 * recursive loop detection to prevent infinite loops". */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LINEAGE_LENGTH 64

/* A function that the chain came back to so often is stopped: it has run 16 times. */
#define LINEAGE_MAX_RETURNS 16

/* The tracing header to hand to the function of that (unqualified) ARN, when `trace_id` is what its caller
 * sent. It is cut to it when there is no room for more. */
void lineage_extend(const char *trace_id, const char *function_arn, char *ret_trace_id, size_t size);

/* Returns that the header tells of; 0 without a lineage. */
uint32_t lineage_returns(const char *trace_id);
