#include "cli/cli_priv.h"

#include "report/report.h"

#include "base/banned.h"

static as_code to_spool(as_lines_out *l, as_err *err)
{
    as_code rc;

    if (l->buf.failed)
        return as_fail_nomem(err, "the output");
    rc = as_spool_add(&l->spool, as_buf_bytes(&l->buf), err);
    as_buf_reset(&l->buf);
    return rc;
}

/* The spool is taken in pieces, and no cut may part the digits of a hash. */
static size_t before_hash(const as_buf *b)
{
    size_t n = b->n;

    while (n > 0 && b->p[n - 1] == AS_REPORT_NO_HASH)
        n--;
    return n;
}

/* One more piece behind what `piece` holds; what is whole of it goes out. */
static as_code release_piece(as_lines_out *l, const as_analysis *a, as_buf *piece, size_t n,
                             bool last, as_err *err)
{
    uint8_t *room = as_buf_room(piece, n);
    size_t good, held;
    as_code rc;

    if (!room)
        return as_fail_nomem(err, "the output");
    rc = as_spool_take(&l->spool, room, n, err);
    if (rc)
        return rc;
    piece->n += n;
    good = last ? piece->n : before_hash(piece);
    held = piece->n - good;
    as_report_hash(a, piece->p, good);
    as_buf_add(&l->out->buf, (as_bytes){piece->p, good});
    for (size_t i = 0; i < held; i++)
        piece->p[i] = AS_REPORT_NO_HASH;
    piece->n = held;
    return as_out_relieve(l->out, err);
}

/* Lines that waited, with the hash that they waited for. */
static as_code release(as_lines_out *l, const as_analysis *a, as_err *err)
{
    uint64_t left = as_spool_size(&l->spool) - l->spool.read_at;
    as_buf piece = {0};
    as_code rc = AS_OK;

    while (!rc && left > 0) {
        size_t n = left < AS_OUT_CHUNK ? (size_t)left : AS_OUT_CHUNK;

        left -= n;
        rc = release_piece(l, a, &piece, n, left == 0, err);
    }
    as_buf_done(&piece);
    return rc;
}

as_code as_lines_out_end(as_lines_out *l, const as_analysis *a, as_err *err)
{
    as_code rc = release(l, a, err);

    if (rc)
        return rc;
    if (a->portions > 0) /* the last lines of a portion may be here still */
        as_report_hash(a, l->buf.p, l->buf.n);
    as_buf_add(&l->out->buf, as_buf_bytes(&l->buf));
    l->out->buf.failed |= l->buf.failed;
    as_buf_reset(&l->buf);
    return as_out_relieve(l->out, err);
}

as_code as_lines_out_relieve(as_lines_out *l, const as_analysis *a, as_err *err)
{
    if (l->buf.n < AS_OUT_CHUNK && !l->buf.failed)
        return AS_OK;
    return a->unhashed ? to_spool(l, err) : as_lines_out_end(l, a, err);
}

void as_lines_out_done(as_lines_out *l)
{
    as_spool_done(&l->spool);
    as_buf_done(&l->buf);
}
