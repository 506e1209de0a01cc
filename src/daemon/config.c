/* See config.h. To add a setting: a member in struct config, and a row in `settings`. */
#include "daemon/config.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cli/data_dir.h"
#include "sys/fs.h"

#define CONFIG_FILE_BYTES (64u * 1024)

struct setting {
    const char *name;
    const char *value; /* what stands for the value in help: "DIR" */
    size_t offset;     /* of its member in struct config */
    bool is_number;
    const char *fallback; /* default; NULL: found out at start, see config_load() */
    int64_t min, max;     /* of a number */
    const char *unit;     /* of a number, or "" */
    const char *choices;  /* of a text: "a|b", or NULL */
    const char *help;
};

/* Sorted as help shows them. */
static const struct setting settings[] = {
    {"config", "FILE", offsetof(struct config, config_file), false, "", 0, 0, "", NULL,
     "file with `name = value` lines; # begins a comment"},
    {"data-dir", "DIR", offsetof(struct config, data_dir), false, NULL, 0, 0, "", NULL,
     "where functions, code, keys and logs are kept"},
    {"listen", "[https://]ADDR:PORT,...", offsetof(struct config, listen), false, "127.0.0.1:4566", 0, 0, "",
     NULL, "numeric addresses and ports; https:// before one speaks TLS there; port 0 takes a free one"},
    {"tls-cert", "FILE,...", offsetof(struct config, tls_cert), false, "", 0, 0, "", NULL,
     "PEM certificates with their issuers, chosen by name, the first by default; SIGHUP reads them again"},
    {"tls-key", "FILE,...", offsetof(struct config, tls_key), false, "", 0, 0, "", NULL,
     "their keys in PEM without a passphrase, in the same order"},
    {"auth", "MODE", offsetof(struct config, auth), false, "sigv4", 0, 0, "", "sigv4|off",
     "off lets everybody who reaches the port run code as you"},
    {"region", "REGION", offsetof(struct config, region), false, "us-east-1", 0, 0, "", NULL,
     "region in ARNs and signatures"},
    {"account-id", "ID", offsetof(struct config, account_id), false, "000000000000", 0, 0, "", NULL,
     "twelve digits of the main account"},
    {"accounts", "ID,...", offsetof(struct config, accounts), false, "", 0, 0, "", NULL,
     "further accounts with functions, users and a root key of their own; see lamb env --account"},
    {"role-check", "MODE", offsetof(struct config, role_check), false, "on", 0, 0, "", "on|off",
     "off takes any role for a function, also one that does not exist (it may then do nothing)"},
    {"role-credentials-minutes", "N", offsetof(struct config, role_credentials_minutes), true, "720", 15, 720,
     "minutes", NULL, "how long the credentials that an environment gets of its role are valid"},
    {"hosts", "HOST,...", offsetof(struct config, hosts), false, "", 0, 0, "", NULL,
     "further names that clients may use in Host; loopback names always work"},
    {"metrics", "MODE", offsetof(struct config, metrics), false, "on", 0, 0, "", "on|off",
     "off hides /metrics, which everybody who reaches the port can read"},
    {"public-endpoint", "URL", offsetof(struct config, public_endpoint), false, "", 0, 0, "", NULL,
     "base of URLs given to clients; default: the first plain address of listen, else its first"},
    {"url-domain", "DOMAIN", offsetof(struct config, url_domain), false, "localhost", 0, 0, "", NULL,
     "what the hosts of function URLs and HTTP APIs end with; all names below it must lead here"},
    {"user", "NAME", offsetof(struct config, user), false, "lamb", 0, 0, "", NULL,
     "whom `lamb serve` becomes when started as root"},
    {"runtimes", "NAME=PATH,...", offsetof(struct config, runtimes), false, "", 0, 0, "", NULL,
     "interpreters for runtimes, as python3.12=/opt/python/bin/python3.12"},
    {"runtime-dirs", "DIR,...", offsetof(struct config, runtime_dirs), false, "", 0, 0, "", NULL,
     "directories with more interpreters in bin/, shown read-only to functions"},
    {"runtime-clients", "DIR", offsetof(struct config, runtime_clients), false, NULL, 0, 0, "", NULL,
     "the runtime clients that come with Lamb, shown at /var/runtime"},
    {"s3-endpoint", "URL", offsetof(struct config, s3_endpoint), false, "", 0, 0, "", NULL,
     "S3-compatible service that S3Bucket and S3Key are fetched from"},
    {"s3-access-key", "KEY", offsetof(struct config, s3_access_key), false, "", 0, 0, "", NULL,
     "access key for it"},
    {"s3-secret-key", "SECRET", offsetof(struct config, s3_secret_key), false, "", 0, 0, "", NULL,
     "secret key for it"},
    {"sqs-endpoint", "URL", offsetof(struct config, sqs_endpoint), false, "", 0, 0, "", NULL,
     "where results and dead letters go whose queue is not here; any SQS-compatible service"},
    {"sns-endpoint", "URL", offsetof(struct config, sns_endpoint), false, "", 0, 0, "", NULL,
     "likewise for topics: any SNS-compatible service"},
    {"events-endpoint", "URL", offsetof(struct config, events_endpoint), false, "", 0, 0, "", NULL,
     "likewise for event buses: any EventBridge-compatible service"},
    {"destination-access-key", "KEY", offsetof(struct config, destination_access_key), false, "test", 0, 0,
     "", NULL, "access key for these three"},
    {"destination-secret-key", "KEY", offsetof(struct config, destination_secret_key), false, "test", 0, 0,
     "", NULL, "secret key for it"},
    {"event-size-kb", "N", offsetof(struct config, event_size_kb), true, "256", 1, 1024, "KB", NULL,
     "of an asynchronous event at most"},
    {"first-retry-ms", "N", offsetof(struct config, first_retry_ms), true, "60000", 1, 3600000, "ms", NULL,
     "until an asynchronous event is tried again after its first function error"},
    {"second-retry-ms", "N", offsetof(struct config, second_retry_ms), true, "120000", 1, 3600000, "ms", NULL,
     "and after its second"},
    {"back-off-ms", "N", offsetof(struct config, back_off_ms), true, "1000", 1, 3600000, "ms", NULL,
     "until an asynchronous event is tried again that was throttled once; doubles each time"},
    {"back-off-max-ms", "N", offsetof(struct config, back_off_max_ms), true, "300000", 1, 3600000, "ms", NULL,
     "up to this"},
    {"concurrency", "N", offsetof(struct config, concurrency), true, "1000", 1, 100000, "invocations", NULL,
     "how many invocations of an account may run at once, and ten times as many begin per second"},
    {"scaling-rate", "N", offsetof(struct config, scaling_rate), true, "1000", 1, 100000, "environments",
     NULL, "how many environments of one function may be started for its calls within ten seconds"},
    {"response-stream-mb", "N", offsetof(struct config, response_stream_mb), true, "20", 1, 200, "MB", NULL,
     "of a streamed response at most"},
    {"response-stream-burst-mb", "N", offsetof(struct config, response_stream_burst_mb), true, "6", 1, 200,
     "MB", NULL, "of it that may come at any speed"},
    {"response-stream-rate-kb", "N", offsetof(struct config, response_stream_rate_kb), true, "2048", 0,
     1048576, "KB", NULL, "of it a second after that; 0 for any"},
    {"idle-timeout", "N", offsetof(struct config, idle_timeout_s), true, "300", 1, 86400, "s", NULL,
     "an environment idle for so long is retired"},
    {"drain-timeout", "N", offsetof(struct config, drain_timeout_s), true, "30", 0, 3600, "s", NULL,
     "how long running invocations may take after SIGTERM"},
    {"min-available-mb", "N", offsetof(struct config, min_available_mb), true, "256", 0, 1048576, "MB", NULL,
     "idle environments are retired while the machine has less memory available"},
    {"parked-runtimes", "N", offsetof(struct config, parked_runtimes), true, "4", 0, 64, "runtimes", NULL,
     "waiting interpreters of each Python and Node.js runtime in use, at most; 0 for none"},
    {"parked-sandboxes", "N", offsetof(struct config, parked_sandboxes), true, "4", 0, 256, "sandboxes", NULL,
     "kept ready for cold starts at least"},
    {"parked-sandboxes-max", "N", offsetof(struct config, parked_sandboxes_max), true, "32", 1, 1024,
     "sandboxes", NULL, "kept ready at most, when use asks for more"},
    {"max-connections", "N", offsetof(struct config, max_connections), true, "4096", 1, 65536, "connections",
     NULL, "of clients at once, at each address"},
    {"log-file-mb", "N", offsetof(struct config, log_file_mb), true, "64", 1, 65536, "MB", NULL,
     "a log group's file is rotated at this size"},
    {"log-files", "N", offsetof(struct config, log_files), true, "4", 2, 100, "files", NULL,
     "kept per log group, the current one included"},
};

#define SETTINGS (sizeof settings / sizeof settings[0])

static char **text_of(struct config *config, const struct setting *setting) {
    return (char **)(void *)((char *)config + setting->offset);
}

static int64_t *number_of(struct config *config, const struct setting *setting) {
    return (int64_t *)(void *)((char *)config + setting->offset);
}

static const struct setting *find_setting(const char *name, size_t len) {
    for (size_t i = 0; i < SETTINGS; i++)
        if (strncmp(settings[i].name, name, len) == 0 && settings[i].name[len] == '\0')
            return &settings[i];
    return NULL;
}

/* "idle-timeout" to "LAMB_IDLE_TIMEOUT". */
static void environment_name(const struct setting *setting, char ret_name[64]) {
    int len = snprintf(ret_name, 64, "LAMB_%s", setting->name);
    for (int i = 0; i < len && i < 63; i++)
        ret_name[i] = ret_name[i] == '-' ? '_' : (char)toupper((unsigned char)ret_name[i]);
}

static bool is_choice(const char *choices, const char *value) {
    size_t len = strlen(value);
    for (const char *at = choices; at; at = strchr(at, '|') ? strchr(at, '|') + 1 : NULL)
        if (len > 0 && strncmp(at, value, len) == 0 && (at[len] == '|' || at[len] == '\0'))
            return true;
    return false;
}

static bool set_value(struct config *config, const struct setting *setting, const char *value,
                      struct err *err) {
    if (!setting->is_number) {
        if (setting->choices && !is_choice(setting->choices, value))
            return err_set(err, ERR_PARAMETER, "setting %s is \"%s\", but must be one of %s", setting->name,
                           value, setting->choices);
        char **text = text_of(config, setting);
        free(*text);
        *text = mem_text(value);
        return true;
    }
    char *end;
    errno = 0;
    long long number = strtoll(value, &end, 10);
    if (errno != 0 || end == value || *end != '\0' || number < setting->min || number > setting->max)
        return err_set(err, ERR_PARAMETER,
                       "setting %s is \"%s\", but must be a number from %lld to %lld (%s)", setting->name,
                       value, (long long)setting->min, (long long)setting->max, setting->unit);
    *number_of(config, setting) = number;
    return true;
}

static bool read_arguments(struct config *config, const char *const args[], struct err *err) {
    for (size_t i = 0; args[i]; i++) {
        const char *name = args[i];
        if (strncmp(name, "--", 2) != 0)
            return err_set(err, ERR_PARAMETER, "unexpected argument \"%s\" (see lamb serve --help)", name);
        name += 2;
        const char *equals = strchr(name, '=');
        const struct setting *setting = find_setting(name, equals ? (size_t)(equals - name) : strlen(name));
        if (!setting)
            return err_set(err, ERR_PARAMETER, "there is no setting %s (see lamb serve --help)", args[i]);
        const char *value = equals ? equals + 1 : args[++i];
        if (!value)
            return err_set(err, ERR_PARAMETER, "--%s needs a value: %s", setting->name, setting->value);
        if (!set_value(config, setting, value, err))
            return err_wrap(err, "command line");
    }
    return true;
}

static bool read_environment(struct config *config, struct err *err) {
    for (size_t i = 0; i < SETTINGS; i++) {
        char name[64];
        environment_name(&settings[i], name);
        const char *value = getenv(name);
        if (value && !set_value(config, &settings[i], value, err))
            return err_wrap(err, "environment variable %s", name);
    }
    return true;
}

static char *trim(char *text) {
    while (isspace((unsigned char)*text))
        text++;
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1]))
        text[--len] = '\0';
    return text;
}

static bool read_line(struct config *config, char *line, struct err *err) {
    char *text = trim(line);
    if (text[0] == '\0' || text[0] == '#')
        return true;
    char *equals = strchr(text, '=');
    if (!equals)
        return err_set(err, ERR_SYNTAX, "\"%s\" is not of the form name = value", text);
    *equals = '\0';
    char *name = trim(text);
    const struct setting *setting = find_setting(name, strlen(name));
    if (!setting)
        return err_set(err, ERR_PARAMETER, "there is no setting %s (see lamb serve --help)", name);
    return set_value(config, setting, trim(equals + 1), err);
}

static bool read_file(struct config *config, const char *path, struct err *err) {
    OWN(buf) struct buf text;
    buf_init(&text, CONFIG_FILE_BYTES);
    if (!fs_read(path, &text, err))
        return err_wrap(err, "configuration file");
    OWN_MEM char *copy = buf_take(&text);
    int number = 1;
    for (char *line = copy, *next; line; line = next, number++) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        if (!read_line(config, line, err))
            return err_wrap(err, "%s:%d", path, number);
    }
    return true;
}

/* `runtime-clients` beside the program (a build directory), or where an installed one has them. */
static char *default_runtime_clients(void) {
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof path - 1);
    path[len > 0 ? len : 0] = '\0';
    char *slash = strrchr(path, '/');
    if (slash)
        *slash = '\0';
    char *beside = fs_join(path, "runtime-clients");
    if (fs_exists(beside))
        return beside;
    free(beside);
    return fs_join(path, "../share/lamb/runtimes");
}

/* "111111111111,222222222222", or nothing. */
static bool are_accounts(const char *list) {
    for (const char *at = list; *at; at += *at == ',') {
        if (strspn(at, "0123456789") != 12)
            return false;
        at += 12;
        if (*at && (*at != ',' || at[1] == '\0'))
            return false;
    }
    return true;
}

static bool check_endpoint(const char *name, const char *url, struct err *err) {
    return url[0] == '\0' || strncmp(url, "http://", 7) == 0 || strncmp(url, "https://", 8) == 0 ||
           err_set(err, ERR_PARAMETER, "setting %s is \"%s\", but must begin with http:// or https://", name,
                   url);
}

static bool check(const struct config *config, struct err *err) {
    if (strlen(config->account_id) != 12 || strspn(config->account_id, "0123456789") != 12)
        return err_set(err, ERR_PARAMETER, "setting account-id is \"%s\", but must be twelve digits",
                       config->account_id);
    if (!are_accounts(config->accounts))
        return err_set(err, ERR_PARAMETER,
                       "setting accounts is \"%s\", but must be account ids of twelve digits with commas "
                       "between them",
                       config->accounts);
    if (config->region[0] == '\0' || strlen(config->region) > 32 ||
        strspn(config->region, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(config->region))
        return err_set(err, ERR_PARAMETER, "setting region is \"%s\", but must look like us-east-1",
                       config->region);
    if (!check_endpoint("s3-endpoint", config->s3_endpoint, err) ||
        !check_endpoint("sqs-endpoint", config->sqs_endpoint, err) ||
        !check_endpoint("sns-endpoint", config->sns_endpoint, err) ||
        !check_endpoint("events-endpoint", config->events_endpoint, err))
        return false;
    if (config->url_domain[0] == '\0' || strlen(config->url_domain) > 150 || config->url_domain[0] == '.' ||
        strspn(config->url_domain, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(config->url_domain))
        return err_set(err, ERR_PARAMETER,
                       "setting url-domain is \"%s\", but must look like lamb.example.com",
                       config->url_domain);
    if (config->data_dir[0] == '\0')
        return err_set(err, ERR_PARAMETER, "setting data-dir is empty");
    if (config->parked_sandboxes > config->parked_sandboxes_max)
        return err_set(err, ERR_PARAMETER,
                       "setting parked-sandboxes is %lld, more than parked-sandboxes-max (%lld)",
                       (long long)config->parked_sandboxes, (long long)config->parked_sandboxes_max);
    return true;
}

/* The file's name must be known before the file is read, and arguments win over what is in it: so they are
 * read twice. */
bool config_load(struct config *config, const char *const args[], struct err *err) {
    *config = (struct config){0};
    for (size_t i = 0; i < SETTINGS; i++)
        if (!set_value(config, &settings[i], settings[i].fallback ? settings[i].fallback : "", err))
            return false;
    free(config->data_dir);
    config->data_dir = data_dir_default();
    free(config->runtime_clients);
    config->runtime_clients = default_runtime_clients();
    if (!read_environment(config, err) || !read_arguments(config, args, err))
        return false;
    if (config->config_file[0] != '\0') {
        OWN_MEM char *path = mem_text(config->config_file);
        if (!read_file(config, path, err) || !read_environment(config, err) ||
            !read_arguments(config, args, err))
            return false;
    }
    return check(config, err);
}

void config_done(struct config *config) {
    for (size_t i = 0; i < SETTINGS; i++)
        if (!settings[i].is_number)
            free(*text_of(config, &settings[i]));
    *config = (struct config){0};
}

/* "30 s; 0 to 3600" or what the text may be. */
static void describe_default(const struct setting *setting, char ret_text[160]) {
    if (setting->is_number)
        snprintf(ret_text, 160, "%s %s; %lld to %lld", setting->fallback, setting->unit,
                 (long long)setting->min, (long long)setting->max);
    else if (!setting->fallback)
        snprintf(ret_text, 160, "depends on the machine");
    else
        snprintf(ret_text, 160, "%s%s%s", setting->fallback[0] ? setting->fallback : "none",
                 setting->choices ? "; " : "", setting->choices ? setting->choices : "");
}

void config_print_help(FILE *out) {
    fputs("usage: lamb serve [--NAME VALUE]...\n\n"
          "Every setting can also be given as environment variable LAMB_NAME or as a line\n"
          "\"name = value\" in the file named by --config. Arguments win over the environment,\n"
          "the environment over the file.\n\n",
          out);
    for (size_t i = 0; i < SETTINGS; i++) {
        char fallback[160];
        describe_default(&settings[i], fallback);
        fprintf(out, "  --%s %s\n      %s [%s]\n", settings[i].name, settings[i].value, settings[i].help,
                fallback);
    }
}

void config_print_markdown(FILE *out) {
    fputs(
        "# Settings of lamb serve\n\n"
        "Printed by `lamb serve --help-markdown`. Arguments win over environment variables, those over the\n"
        "file named by `--config`, which has lines of the form `name = value`.\n\n"
        "| argument | environment | default and limits | meaning |\n|---|---|---|---|\n",
        out);
    for (size_t i = 0; i < SETTINGS; i++) {
        char fallback[160], name[64];
        describe_default(&settings[i], fallback);
        environment_name(&settings[i], name);
        for (char *bar = strchr(fallback, '|'); bar; bar = strchr(bar, '|'))
            *bar = '/';
        fprintf(out, "| `--%s %s` | `%s` | %s | %s |\n", settings[i].name, settings[i].value, name, fallback,
                settings[i].help);
    }
}
