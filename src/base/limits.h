/* Every bound of Lamb, with its source. "Lambda quotas" is the page of that name in the AWS Lambda Developer
 * Guide; "Lambda API" the public service model. Bounds without a source are ours. */
#pragma once

/* Payloads: Lambda quotas. The 100 bytes above 6 MiB are what the Runtime API really accepts as a
 * response. */
#define LIMIT_PAYLOAD_BYTES (6u * 1024 * 1024)
#define LIMIT_RESPONSE_BYTES (LIMIT_PAYLOAD_BYTES + 100)
#define LIMIT_CLIENT_CONTEXT_BYTES 3583
#define LIMIT_LOG_TAIL_BYTES 4096

/* Requests of the control plane: recorded from the service. */
#define LIMIT_CREATE_REQUEST_BYTES 70167211u
#define LIMIT_CONTROL_REQUEST_BYTES (1024u * 1024)
#define LIMIT_CONTROL_JSON_TOKENS 20000u

/* Packages: Lambda quotas. */
#define LIMIT_ZIP_BYTES 52428800u
#define LIMIT_UNZIPPED_BYTES 262144000u
#define LIMIT_ZIP_ENTRIES 100000u
#define LIMIT_ZIP_PATH_BYTES 1024u
#define LIMIT_CODE_STORAGE_BYTES 80530636800ll

/* Functions: Lambda API. */
#define LIMIT_FUNCTION_NAME_CHARS 64
#define LIMIT_FUNCTION_REFERENCE_CHARS 140
#define LIMIT_FUNCTION_READ_REFERENCE_CHARS 256
#define LIMIT_QUALIFIER_CHARS 128
#define LIMIT_DESCRIPTION_CHARS 256
#define LIMIT_HANDLER_CHARS 128
#define LIMIT_MEMORY_MIN_MB 128
#define LIMIT_MEMORY_MAX_MB 10240
#define LIMIT_TIMEOUT_MIN_S 1
#define LIMIT_TIMEOUT_MAX_S 900
#define LIMIT_TMP_MIN_MB 512
#define LIMIT_TMP_MAX_MB 10240
#define LIMIT_ENVIRONMENT_BYTES 4096
#define LIMIT_LAYERS 5
#define LIMIT_TAGS 50
#define LIMIT_TAG_KEY_CHARS 128
#define LIMIT_TAG_VALUE_CHARS 256
#define LIMIT_LIST_PAGE 50
#define LIMIT_LIST_MAX_ITEMS 10000

/* One policy document. What IAM and Lambda allow is less; see the operations that take one. */
#define LIMIT_POLICY_BYTES (64u * 1024)
#define LIMIT_POLICY_STATEMENTS 400u
#define LIMIT_POLICY_VALUES 2000u

/* Execution environments: Lambda quotas; init: Lambda Developer Guide, execution environment life cycle. */
#define LIMIT_CONCURRENCY 1000
#define LIMIT_CALLS_PER_SECOND 10 /* for each invocation that may run at once */
#define LIMIT_SCALING_RATE 1000   /* new environments of one function within the window */
#define LIMIT_SCALING_WINDOW_S 10
#define LIMIT_INIT_PROVISIONED_MS 130000 /* or the function's timeout, if that is longer */
#define LIMIT_ENVIRONMENT_FDS 1024
#define LIMIT_ENVIRONMENT_PROCESSES 1024
#define LIMIT_INIT_MS 10000
#define LIMIT_MB_PER_VCPU 1769

/* Extensions of one environment: Lambda Developer Guide, "Using the Lambda Extensions API". An external one
 * is named like its file. */
#define LIMIT_EXTENSIONS 10
#define LIMIT_EXTENSION_NAME_BYTES 255

/* An initialisation has at least a whole processor, as on AWS: at its 7 % a function of 128 MB would need
 * half a second to start Python. */
#define LIMIT_INIT_CPU_MILLIS 1000u

/* SQS: SQS Developer Guide, "Amazon SQS message quotas"; SQS API. A request is longer than its messages: in
 * JSON or in a form a character takes up to three times its bytes. */
#define LIMIT_MESSAGE_BYTES (1024u * 1024) /* of one, and of a batch together */
#define LIMIT_QUEUE_REQUEST_BYTES (4u * 1024 * 1024)
#define LIMIT_QUEUE_NAME_CHARS 80
#define LIMIT_QUEUE_BATCH 10
#define LIMIT_QUEUE_IN_FLIGHT 120000
#define LIMIT_QUEUE_LIST 1000
#define LIMIT_QUEUE_NAMES 100 /* in a list of a request: each is looked for in each message */
#define LIMIT_MESSAGE_ATTRIBUTES 10
#define LIMIT_MESSAGE_ATTRIBUTE_CHARS 256 /* of a name, of a type */

/* HTTP front. */
#define LIMIT_HTTP_HEADER_BYTES (64u * 1024)
#define LIMIT_HTTP_HEADERS 100
#define LIMIT_HTTP_TARGET_BYTES 8192u
#define LIMIT_HTTP_CONNECTIONS 4096

/* Bodies of requests that all functions together send to Lamb's own API, counted while they arrive and while
 * they are worked on. Those that arrive for one environment are at most as long as the longest. */
#define LIMIT_INNER_BODIES_BYTES (512u * 1024 * 1024)

/* A line of a function's log longer than this is stored in pieces (CloudWatch: 256 KiB per event). */
#define LIMIT_LOG_LINE_BYTES (256u * 1024)

/* Messages between lamb and lamb-spawner. */
#define LIMIT_PLAN_BYTES (64u * 1024)
#define LIMIT_PLAN_MOUNTS 8

/* Programs that run in one sandbox at the same time: a runtime and ten extensions (Lambda quotas), and room
 * for those that are still ending. */
#define LIMIT_SANDBOX_PROGRAMS 24

/* Sandboxes that one lamb-spawner makes at the same time, the parked ones included. */
#define LIMIT_SANDBOXES 4096

/* Subscriptions of telemetry: Lambda Developer Guide, "Telemetry API reference". */
#define LIMIT_TELEMETRY_ITEMS_MIN 1000
#define LIMIT_TELEMETRY_ITEMS_MAX 10000        /* and the default */
#define LIMIT_TELEMETRY_BYTES_MIN (256 * 1024) /* and the default */
#define LIMIT_TELEMETRY_BYTES_MAX (1024 * 1024)
#define LIMIT_TELEMETRY_TIMEOUT_MS 1000
#define LIMIT_TELEMETRY_TIMEOUT_MIN_MS 25
#define LIMIT_TELEMETRY_TIMEOUT_MAX_MS 30000
#define LIMIT_TELEMETRY_URI_BYTES 1024u

/* What is kept of an initialisation for extensions that subscribe late in it. */
#define LIMIT_TELEMETRY_KEPT_ITEMS 1000u
#define LIMIT_TELEMETRY_KEPT_BYTES (256u * 1024)

/* Queues: what may wait for the disk; one transaction; one answer, its last message may go beyond it. SQS's
 * messages have at most 1 MiB. */
#define LIMIT_QUEUE_WAITING_BYTES (64u * 1024 * 1024)
#define LIMIT_QUEUE_WAITING_STEPS 20000u
#define LIMIT_QUEUE_RECEIVERS 20000u
#define LIMIT_QUEUE_BATCH_BYTES (16u * 1024 * 1024)
#define LIMIT_QUEUE_BATCH_STEPS 512u
#define LIMIT_QUEUE_BATCH_RECEIVES 32u
#define LIMIT_QUEUE_BATCH_SWEPT 1000u /* messages that one removes unasked */
#define LIMIT_QUEUE_ANSWER_BYTES (1024u * 1024)

#define LIMIT_QUEUE_LEASE_MS (12ll * 3600 * 1000) /* SQS API: visibility from a receive on */
#define LIMIT_QUEUE_DEDUP_MS (5 * 60 * 1000)      /* SQS Developer Guide, message deduplication ID */

/* The log of queues.db is moved into it from so many pages on. */
#define LIMIT_QUEUE_LOG_PAGES 4000

/* Asynchronous invocation. The longest event: Lambda quotas, and what it was before October 2025, which is
 * the default. What memory holds of events at most, in all and of one function, is ours. */
#define LIMIT_EVENT_BYTES (1024u * 1024)
#define LIMIT_EVENT_DEFAULT_BYTES (256u * 1024)
#define LIMIT_EVENT_AGE_S 21600
#define LIMIT_EVENT_RETRIES 2
#define LIMIT_ASYNC_EVENTS 4096u
#define LIMIT_ASYNC_BYTES (256u * 1024 * 1024)
#define LIMIT_ASYNC_FUNCTION_EVENTS 1000u
#define LIMIT_ASYNC_FUNCTION_BYTES (64u * 1024 * 1024)

/* Tries to deliver one result to a service elsewhere. */
#define LIMIT_LETTER_TRIES 3
