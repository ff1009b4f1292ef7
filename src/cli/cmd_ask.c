#include "cli/encoder.h"

#include "query/query.h"

#include <locale.h>
#include <string.h>

#include "base/banned.h"

/* A question need not stand in quotes: its words are joined. */
static void join_words(const as_args *args, as_buf *out)
{
    for (int i = 0; i < args->n_operands; i++) {
        if (i > 0)
            as_buf_byte(out, ' ');
        as_buf_text(out, args->operands[i]);
    }
}

static as_code ask(const as_args *args, as_store *s, as_buf *out, as_err *err)
{
    const char *lang = as_args_get(args, AS_OPT_LANG), *sample = as_args_get(args, AS_OPT_SAMPLE);
    as_buf question = {0};
    as_ask_options options = {.lang = !lang                     ? -1
                                      : strcmp(lang, "zh") == 0 ? AS_LANG_ZH
                                                                : AS_LANG_EN,
                              .sample = as_bytes_of(sample),
                              .dense = as_dense_open};
    as_dense_here dense = {.args = args};
    as_answer *answer = NULL;
    as_code rc;

    join_words(args, &question);
    options.question = as_buf_bytes(&question);
    options.dense_ctx = &dense;
    rc = question.failed ? as_fail_nomem(err, "the question") : as_ask(s, &options, &answer, err);
    if (!rc && as_args_has(args, AS_OPT_JSON)) {
        as_answer_json(answer, out);
        as_buf_byte(out, '\n');
    } else if (!rc) {
        as_answer_text(answer, out, as_args_has(args, AS_OPT_TRACE));
    }
    as_answer_free(answer);
    as_dense_done(&dense);
    as_buf_done(&question);
    return rc;
}

int as_cmd_ask(const as_args *args)
{
    as_store *s = NULL;
    as_buf out = {0};
    as_err err = {0};
    as_code rc;

    as_signals_install();
    rc = as_store_here(args, AS_STORE_READ, &s, &err);
    rc = rc ? rc : ask(args, s, &out, &err);
    as_store_close(s);
    if (rc) {
        as_buf_done(&out);
        return as_say_error(&err);
    }
    return as_out_print(&out);
}
