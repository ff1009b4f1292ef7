/* The memory that tokenizers work in: marked texts, and what stays with the caller's tokens. */
#include "encode/tokens_priv.h"

#include <string.h>

#include "base/banned.h"

bool as_marked_room(as_marked *m, size_t more)
{
    void *bytes = m->bytes, *marks = m->marks;
    bool ok = true;

    while (ok && more > m->cap_bytes - m->n) {
        ok = as_mem_room(&bytes, &m->cap_bytes, m->cap_bytes, 1);
        m->bytes = bytes;
    }
    while (ok && more > m->cap_marks - m->n) {
        ok = as_mem_room(&marks, &m->cap_marks, m->cap_marks, sizeof(*m->marks));
        m->marks = marks;
    }
    return ok;
}

bool as_marked_add(as_marked *m, as_bytes bytes, as_mark mark)
{
    if (!as_marked_room(m, bytes.n))
        return false;
    for (size_t i = 0; i < bytes.n; i++) {
        m->bytes[m->n] = bytes.p[i];
        m->marks[m->n++] = mark;
    }
    return true;
}

void as_marked_done(as_marked *m)
{
    as_mem_free(m->bytes);
    as_mem_free(m->marks);
    *m = (as_marked){0};
}

as_scratch *as_scratch_of(as_tokens *tokens)
{
    if (!tokens->scratch)
        tokens->scratch = as_mem_zero(1, sizeof(as_scratch));
    return tokens->scratch;
}

as_code as_tokens_push(as_tokens *out, as_token token, as_err *err)
{
    void *p = out->p;
    bool ok = out->n < out->cap || as_mem_room(&p, &out->cap, out->n, sizeof(*out->p));

    out->p = p;
    if (!ok)
        return as_fail_nomem(err, "the tokens of a text");
    out->p[out->n++] = token;
    return AS_OK;
}

void as_tokens_done(as_tokens *tokens)
{
    as_scratch *s = tokens->scratch;

    if (s) {
        as_marked_done(&s->word);
        as_marked_done(&s->a);
        as_marked_done(&s->b);
        as_mem_free(s->best);
        as_mem_free(s->path);
        as_mem_free(s->memo);
        as_mem_free(s);
    }
    as_mem_free(tokens->p);
    *tokens = (as_tokens){0};
}
