/* What the programs of an environment call: Runtime API, Extensions API, Telemetry and Logs API; and what
 * follows from it for the phase. Called by the other parts of an environment alone. */
#pragma once

#include "invoke/environment_api.h"
#include "invoke/extensions.h"
#include "invoke/telemetry.h"

/* For environment_api_new(), with the environment as argument. */
extern const struct environment_api_handler environment_calls_handler;

/* For the registries that an environment makes when it needs them. */
extern const struct extensions_events environment_calls_extensions_events;
extern const struct telemetry_callbacks environment_calls_telemetry_callbacks;
