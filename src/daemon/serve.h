/* lamb serve */
#pragma once

int command_serve(const char *const args[]);
