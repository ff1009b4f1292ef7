#include "cli/cli_priv.h"

#include "base/escape.h"

#include <inttypes.h>
#include <unistd.h>

#include "base/banned.h"

/* "removed  #3  invoice.exe: 2 reports, 1234 facts" */
static as_code put_line(void *ctx, const as_sample *sample, as_err *err)
{
    as_buf *line = ctx;

    (void)err;
    as_buf_printf(line, "removed  #%" PRId64 "  ", sample->id);
    as_escape_visible_cut(line, sample->name, AS_TABLE_CELL);
    as_buf_printf(line, ": %llu %s, %llu facts\n", (unsigned long long)sample->docs,
                  sample->docs == 1 ? "report" : "reports", (unsigned long long)sample->facts);
    return AS_OK;
}

static int remove_one(as_store *s, const char *text)
{
    as_samples_query q = {0};
    as_buf line = {0};
    as_err err = {0};
    as_code rc;
    int status = as_sample_pick(s, text, &q.id);

    if (status)
        return status;
    rc = as_store_samples(s, &q, put_line, &line, &err);
    if (!rc)
        rc = as_store_remove_sample(s, q.id, &err);
    if (!rc)
        return as_out_print(&line);
    as_buf_done(&line);
    return as_say_error(&err);
}

int as_cmd_rm(const as_args *args)
{
    as_store *s = NULL;
    as_err err = {0};
    int worst = 0;

    if (as_store_there(args, &s, &err))
        return as_say_error(&err);
    for (int i = 0; i < args->n_operands; i++) {
        int status = remove_one(s, args->operands[i]);

        worst = status > worst ? status : worst;
    }
    as_store_close(s);
    return worst;
}
