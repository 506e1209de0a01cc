/* The settings of `lamb serve`, from one table: command line, environment (LAMB_...), configuration file and
 * defaults, in this order of precedence. `lamb serve --help` and docs/settings.md are printed from the same
 * table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "base/err.h"

struct config {
    /* Texts are owned and never NULL; "" is unset. */
    char *config_file;
    char *data_dir;
    char *listen;
    char *auth;
    char *region;
    char *account_id;
    char *accounts;
    char *role_check;
    char *hosts;
    char *metrics;
    char *public_endpoint;
    char *tls_cert;
    char *tls_key;
    char *url_domain;
    char *user;
    char *runtimes;
    char *runtime_dirs;
    char *runtime_clients;
    char *s3_endpoint;
    char *s3_access_key;
    char *s3_secret_key;
    char *sqs_endpoint;
    char *sns_endpoint;
    char *events_endpoint;
    char *destination_access_key;
    char *destination_secret_key;
    int64_t event_size_kb;
    int64_t first_retry_ms;
    int64_t second_retry_ms;
    int64_t back_off_ms;
    int64_t back_off_max_ms;
    int64_t concurrency;
    int64_t scaling_rate;
    int64_t role_credentials_minutes;
    int64_t response_stream_mb;
    int64_t response_stream_burst_mb;
    int64_t response_stream_rate_kb;
    int64_t idle_timeout_s;
    int64_t drain_timeout_s;
    int64_t min_available_mb;
    int64_t parked_runtimes;
    int64_t parked_sandboxes;
    int64_t parked_sandboxes_max;
    int64_t max_connections;
    int64_t log_file_mb;
    int64_t log_files;
};

/* Reads all sources and checks every value. `args` are the arguments after "serve", NULL-terminated. */
bool config_load(struct config *config, const char *const args[], struct err *err);
void config_done(struct config *config);

void config_print_help(FILE *out);
void config_print_markdown(FILE *out);
