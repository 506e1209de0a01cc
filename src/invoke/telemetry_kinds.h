/* Words that all of telemetry shares. */
#pragma once

/* What a subscription may ask for. */
enum telemetry_source { TELEMETRY_PLATFORM, TELEMETRY_FUNCTION, TELEMETRY_EXTENSION };

/* Through which of the two an extension subscribes: the Logs API is the older one. */
enum telemetry_api { TELEMETRY_API, LOGS_API };
