#include "cli/cli_priv.h"

#include "base/log.h"
#include "base/time.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/banned.h"

#define CANDIDATES  20u /* samples that are listed where a name means several */
#define HASH_SHOWN  12u
#define MOMENT_SIZE 17u /* "2026-11-25 02:30" and a NUL */

as_code as_home_of(const as_args *args, as_buf *ret, as_err *err)
{
    const char *home = as_args_get(args, AS_OPT_STORE);

    if (!home)
        return as_store_home(ret, err);
    as_buf_text(ret, home);
    as_buf_byte(ret, '\0');
    return ret->failed ? as_fail_nomem(err, "the path of the store") : AS_OK;
}

as_code as_store_here(const as_args *args, as_store_mode mode, as_store **ret, as_err *err)
{
    as_buf home = {0};
    as_code rc = as_home_of(args, &home, err);

    if (!rc)
        rc = as_store_open((const char *)home.p, mode, ret, err);
    as_buf_done(&home);
    return rc;
}

as_code as_store_there(const as_args *args, as_store **ret, as_err *err)
{
    as_store *s = NULL;
    as_code rc = as_store_here(args, AS_STORE_READ, &s, err);

    as_store_close(s);
    return rc ? rc : as_store_here(args, AS_STORE_WRITE, ret, err);
}

static as_bytes hash_of(const as_sample *sample)
{
    if (sample->sha256.n > 0)
        return sample->sha256;
    return sample->sha1.n > 0 ? sample->sha1 : sample->md5;
}

void as_sample_row(as_table *t, const as_sample *sample)
{
    char id[24], moment[AS_TIME_SIZE];
    as_bytes hash = hash_of(sample);

    hash.n = hash.n < HASH_SHOWN ? hash.n : HASH_SHOWN;
    (void)snprintf(id, sizeof(id), "#%" PRId64, sample->id);
    as_table_text(t, id);
    as_table_cell(t, hash.n > 0 ? hash : AS_LITERAL("-"));
    as_table_cell(t, sample->type);
    as_table_u64(t, sample->docs);
    as_table_u64(t, sample->facts);
    (void)as_time_text(sample->added_us, moment);
    moment[10] = ' ';
    moment[MOMENT_SIZE - 1] = '\0';
    as_table_text(t, moment);
    as_table_cell(t, sample->name.n > 0 ? sample->name : AS_LITERAL("-"));
}

void as_sample_titles(as_table *t)
{
    static const char *const titles[] = {"ID",    "HASH",        "TYPE", "REPORTS",
                                         "FACTS", "ADDED (UTC)", "NAME"};

    *t = (as_table){.columns = AS_COUNT(titles), .right = 1u << 3 | 1u << 4};
    for (size_t i = 0; i < AS_COUNT(titles); i++)
        as_table_text(t, titles[i]);
}

struct pick {
    int64_t id;
    unsigned n;
    as_table candidates;
};

static as_code pick_one(void *ctx, const as_sample *sample, as_err *err)
{
    struct pick *p = ctx;

    (void)err;
    p->id = sample->id;
    if (p->n++ < CANDIDATES)
        as_sample_row(&p->candidates, sample);
    return p->n > CANDIDATES ? AS_STORE_STOP : AS_OK;
}

static int say_many(struct pick *p, const char *text)
{
    as_out out = {.fd = STDERR_FILENO};
    as_err err = {0};

    if (p->n > CANDIDATES)
        as_log(AS_LOG_ERROR,
               "'%s' means more than %u samples; name one by its id or its hash:", text,
               CANDIDATES);
    else
        as_log(AS_LOG_ERROR, "'%s' means %u samples; name one by its id or its hash:", text, p->n);
    as_table_print(&p->candidates, &out.buf);
    if (as_out_flush(&out, &err))
        (void)as_say_error(&err);
    as_out_abort(&out);
    return as_code_exit(AS_USAGE);
}

int as_sample_pick(as_store *s, const char *text, int64_t *ret)
{
    as_samples_query q = {.named = as_bytes_of(text)};
    struct pick p = {0};
    as_err err = {0};
    as_code rc;
    int status = 0;

    as_sample_titles(&p.candidates);
    rc = as_store_samples(s, &q, pick_one, &p, &err);
    if (!rc && p.n == 0)
        rc = as_fail(&err, AS_NOT_FOUND, AS_NO_OFFSET,
                     "no sample '%s' in the store; 'assay samples' lists what is there", text);
    if (rc)
        status = as_say_error(&err);
    else if (p.n > 1)
        status = say_many(&p, text);
    else
        *ret = p.id;
    as_table_done(&p.candidates);
    return status;
}

as_code as_number_option(const as_args *args, as_option_id id, uint64_t least, uint64_t most,
                         uint64_t *ret, as_err *err)
{
    const char *text = as_args_get(args, id);
    char hint[64];
    uint64_t n;

    if (!text)
        return AS_OK;
    as_help_hint(args->command, hint, sizeof(hint));
    if (!as_bytes_u64(as_bytes_of(text), &n) || n < least || n > most)
        return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                       "option '--%s' takes a number from %llu to %llu, not '%s'; %s",
                       as_option_get(id)->name, (unsigned long long)least, (unsigned long long)most,
                       text, hint);
    *ret = n;
    return AS_OK;
}

/* "7d", "12h", "30m": so long ago. */
static bool parse_ago(as_bytes text, int64_t *ret_us)
{
    static const struct {
        char unit;
        int64_t seconds;
    } units[] = {{'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400}};
    uint64_t n;

    if (text.n < 2 || text.n > 8 || !as_bytes_u64((as_bytes){text.p, text.n - 1}, &n))
        return false;
    for (size_t i = 0; i < AS_COUNT(units); i++) {
        if (text.p[text.n - 1] != (uint8_t)units[i].unit)
            continue;
        *ret_us = as_time_now() - (int64_t)n * units[i].seconds * AS_TIME_SECOND;
        return true;
    }
    return false;
}

as_code as_since_read(const as_args *args, const char *text, int64_t *ret_us, as_err *err)
{
    char hint[64];

    as_help_hint(args->command, hint, sizeof(hint));
    if (parse_ago(as_bytes_of(text), ret_us) || as_time_parse(as_bytes_of(text), ret_us))
        return AS_OK;
    return as_fail(err, AS_USAGE, AS_NO_OFFSET,
                   "option '--since' takes a time such as 2026-03-01, '2026-03-01 12:00' or 7d, "
                   "not '%s'; %s",
                   text, hint);
}
