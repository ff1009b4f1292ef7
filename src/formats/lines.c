#include "formats/formats_priv.h"

#include <string.h>

#include "base/banned.h"

/* An input line by line, in memory for the longest of them alone. */

#define LINE_STEP ((size_t)64 << 10)

static as_code fill(as_lines *l, as_err *err)
{
    uint8_t *room;
    size_t got = 0;
    as_code rc;

    if (l->at) {
        memmove(l->buf.p, l->buf.p + l->at, l->buf.n - l->at);
        l->buf.n -= l->at;
        l->at = 0;
    }
    if (l->buf.n > AS_LINE_MAX)
        return as_fail(err, AS_LIMIT, (size_t)l->next, "a line of more than %zu bytes",
                       AS_LINE_MAX);
    room = as_buf_room(&l->buf, LINE_STEP);
    if (!room)
        return as_fail_nomem(err, "a line");
    rc = as_source_read(l->source, room, LINE_STEP, &got, err);
    if (rc)
        return rc;
    l->buf.n += got;
    l->ended = got == 0;
    return AS_OK;
}

as_code as_lines_next(as_lines *l, as_bytes *ret, size_t *ret_n, as_err *err)
{
    size_t seen = 0;
    const uint8_t *end = NULL;

    for (;;) {
        size_t left = l->buf.n - l->at;
        as_code rc;

        if (left > seen)
            end = memchr(l->buf.p + l->at + seen, '\n', left - seen);
        if (end || l->ended)
            break;
        seen = left;
        rc = fill(l, err);
        if (rc)
            return rc;
    }
    if (l->number >= AS_STEP_NONE - 1)
        return as_fail(err, AS_LIMIT, (size_t)l->next, "the input has too many lines");
    *ret_n = end ? (size_t)(end - (l->buf.p + l->at)) + 1 : l->buf.n - l->at;
    *ret = (as_bytes){*ret_n ? l->buf.p + l->at : NULL, *ret_n - (end ? 1 : 0)};
    if (ret->n && ret->p[ret->n - 1] == '\r')
        ret->n--;
    l->at += *ret_n;
    l->begin = l->next;
    l->next += *ret_n;
    l->number++;
    return AS_OK;
}

bool as_line_of(as_bytes *rest, as_bytes *ret)
{
    const uint8_t *end = rest->n ? memchr(rest->p, '\n', rest->n) : NULL;

    *ret = (as_bytes){rest->p, end ? (size_t)(end - rest->p) : rest->n};
    *rest = end ? (as_bytes){end + 1, rest->n - ret->n - 1} : (as_bytes){0};
    if (ret->n && ret->p[ret->n - 1] == '\r')
        ret->n--;
    return end != NULL;
}

void as_lines_done(as_lines *l)
{
    as_buf_done(&l->buf);
}

as_evidence as_lines_evidence(const as_lines *l, size_t n)
{
    return (as_evidence){l->begin, l->begin + n, 0, l->number};
}

as_code as_lines_bad(as_walk *w, const as_lines *l, size_t n, const char *why, as_err *err)
{
    as_place root = {0};
    as_place place = {.up = &root, .step = l->number, .begin = l->begin};
    as_err reason = {0};

    (void)as_fail(&reason, AS_INVALID, (size_t)l->begin, "%s", why);
    as_walk_bad(w, false, l->number, &reason);
    return as_paths_add(w, &place, n, false, err);
}
