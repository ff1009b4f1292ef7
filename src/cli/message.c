#include "cli/cli_priv.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>

#include "base/banned.h"

/* A line of the log has room for 1023 bytes, and what went wrong must be among them. */
#define NAME_SHOWN ((size_t)400)

const char *as_input_name(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

int as_say_error(const as_err *err)
{
    as_log(AS_LOG_ERROR, "%s", err->msg);
    return as_code_exit(err->code);
}

/* True if the message names the input itself: "cannot open 'x.json': ...". */
static bool names_input(const as_err *err, const char *path)
{
    size_t n = strlen(path);

    for (const char *at = strchr(err->msg, '\''); at; at = strchr(at + 1, '\''))
        if (strncmp(at + 1, path, n) == 0 && at[1 + n] == '\'')
            return true;
    return false;
}

/* The end of a long name says more than its beginning. */
static const char *short_name(const char *name, const char **ret_dots)
{
    size_t n = strlen(name);

    *ret_dots = n > NAME_SHOWN ? "..." : "";
    return n > NAME_SHOWN ? name + n - NAME_SHOWN : name;
}

void as_say_bad(const char *path, bool is_record, uint64_t number, const as_err *why)
{
    const char *dots, *name = short_name(path, &dots);
    const char *what = is_record ? "record" : "line";

    if (why->offset != AS_NO_OFFSET)
        as_log(AS_LOG_WARN, "%s%s: %s %llu passed over: byte %zu: %s", dots, name, what,
               (unsigned long long)number, why->offset, why->msg);
    else
        as_log(AS_LOG_WARN, "%s%s: %s %llu passed over: %s", dots, name, what,
               (unsigned long long)number, why->msg);
}

int as_say_input(const char *path, const as_err *err)
{
    const char *dots, *name = short_name(as_input_name(path), &dots);

    if (err->offset != AS_NO_OFFSET)
        as_log(AS_LOG_ERROR, "%s%s: byte %zu: %s", dots, name, err->offset, err->msg);
    else if (names_input(err, path))
        as_log(AS_LOG_ERROR, "%s", err->msg);
    else
        as_log(AS_LOG_ERROR, "%s%s: %s", dots, name, err->msg);
    return as_code_exit(err->code);
}
