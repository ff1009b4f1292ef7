#include "formats/winevent_priv.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/banned.h"

/*
 * Event log files (EVTX): a header of 4 KiB and chunks of 64 KiB, each of which can
 * be read by itself. One chunk is held at a time. What is damaged is counted, and the
 * reading goes on with the next record, or the next chunk.
 */

#define HEADER_SIZE   4096u
#define CHUNK_HEADER  512u
#define RECORD_HEADER 24u
#define RECORD_SMALL  (RECORD_HEADER + 4u)
#define FLAG_DIRTY    1u /* not closed well: its checksums may be old */
#define RECORD_MAGIC  "**\0\0"

struct log {
    as_walk *w;
    as_winevents *events;
    as_evtx_chunk *chunk;
    uint8_t *bytes; /* AS_EVTX_CHUNK */
    size_t n;       /* of them read */
    uint64_t base;  /* offset of bytes[0] in the input */
    uint64_t record;
    bool dirty;
    uint64_t spare, damaged; /* bytes of old records behind the last, and of bad ones */
};

static uint32_t le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static uint32_t checksum(uint32_t seed, const uint8_t *p, size_t n)
{
    return (uint32_t)crc32(seed, p, (uInt)n);
}

/* Up to `want` bytes; fewer only at the end of the input. */
static as_code fill(struct log *l, size_t want, as_err *err)
{
    l->base += l->n;
    l->n = 0;
    while (l->n < want) {
        size_t got = 0;
        as_code rc = as_source_read(l->w->source, l->bytes + l->n, want - l->n, &got, err);

        if (rc)
            return rc;
        if (!got)
            break;
        l->n += got;
    }
    return AS_OK;
}

/* --- records ----------------------------------------------------------------------- */

static bool is_record(const struct log *l, size_t at, size_t end)
{
    uint32_t size;

    if (end - at < RECORD_SMALL || memcmp(l->bytes + at, RECORD_MAGIC, 4) != 0)
        return false;
    size = le32(l->bytes + at + 4);
    return size >= RECORD_SMALL && size <= end - at && le32(l->bytes + at + size - 4) == size;
}

static as_code read_record(struct log *l, size_t at, size_t size, as_err *err)
{
    as_evidence e = {l->base + at, l->base + at + size, 0, (as_step)l->record};
    bool fatal = false, kept = false;
    as_err why = {0};
    as_code rc;

    as_walk_tick(l->w);
    as_winevents_begin(l->events);
    rc = as_evtx_record(l->chunk, at + RECORD_HEADER, at + size - 4, &fatal, &why);
    if (rc && fatal) {
        if (err)
            *err = why;
        return rc;
    }
    if (!rc)
        rc = as_winevents_end(l->events, &e, &kept, err);
    else
        rc = AS_OK;
    if (!rc && !kept) {
        if (!why.code)
            (void)as_fail(&why, AS_INVALID, (size_t)e.begin, "a record without an event number");
        as_walk_bad(l->w, true, l->record, &why);
        l->damaged += size;
    }
    return rc;
}

static void bad(struct log *l, uint64_t record, uint64_t at, const char *why)
{
    as_err err = {0};

    (void)as_fail(&err, AS_INVALID, (size_t)at, "%s", why);
    as_walk_bad(l->w, true, record, &err);
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return !n || (p[0] == 0 && !memcmp(p, p + 1, n - 1));
}

/* Passes over what is no record, up to the next that is one. */
static size_t pass_damage(struct log *l, size_t at, size_t end)
{
    size_t from = at;

    do
        at++;
    while (at < end && !is_record(l, at, end));
    bad(l, ++l->record, l->base + from, "no record here");
    l->damaged += at - from;
    return at;
}

static as_code read_records(struct log *l, size_t end, as_err *err)
{
    size_t at = CHUNK_HEADER;
    as_code rc = AS_OK;

    while (!rc && at < end) {
        size_t size;

        if (is_zero(l->bytes + at, end - at))
            return AS_OK;
        if (!is_record(l, at, end)) {
            at = pass_damage(l, at, end);
            continue;
        }
        size = le32(l->bytes + at + 4);
        if (++l->record >= AS_STEP_NONE)
            return as_fail(err, AS_LIMIT, AS_NO_OFFSET, "the event log has too many records");
        rc = read_record(l, at, size, err);
        if (!rc && as_walk_portion_due(l->w))
            rc = as_winevents_portion(l->events, err);
        at += size;
    }
    return rc;
}

/* --- chunks -------------------------------------------------------------------------- */

static bool sums_agree(const struct log *l, size_t free_at)
{
    uint32_t head = checksum(0, l->bytes, 120);

    if (l->dirty)
        return true;
    head = checksum(head, l->bytes + 128, CHUNK_HEADER - 128);
    return head == le32(l->bytes + 124) &&
           checksum(0, l->bytes + CHUNK_HEADER, free_at - CHUNK_HEADER) == le32(l->bytes + 52);
}

static as_code read_chunk(struct log *l, as_err *err)
{
    size_t free_at;
    bool whole = l->n == AS_EVTX_CHUNK, sound;

    if (is_zero(l->bytes, l->n))
        return AS_OK;
    if (l->n < CHUNK_HEADER || memcmp(l->bytes, "ElfChnk\0", 8) != 0) {
        bad(l, ++l->record, l->base, "no chunk here");
        l->damaged += l->n;
        return AS_OK;
    }
    free_at = le32(l->bytes + 48);
    sound = whole && free_at >= CHUNK_HEADER && free_at <= l->n && sums_agree(l, free_at);
    /* Of a damaged chunk all is searched: its end may be what is damaged. */
    if (!sound) {
        bad(l, l->record + 1, l->base, "a chunk that is cut or whose checksum is wrong");
        free_at = l->n;
    }
    if (!is_zero(l->bytes + free_at, l->n - free_at))
        l->spare += l->n - free_at;
    as_evtx_chunk_set(l->chunk, (as_bytes){l->bytes, l->n});
    return read_records(l, free_at, err);
}

static as_code note_header(struct log *l, as_err *err)
{
    char version[32];
    as_code rc;

    if (l->n < HEADER_SIZE || memcmp(l->bytes, "ElfFile\0", 8) != 0)
        return as_fail(err,
                       l->n >= 8 && !memcmp(l->bytes, "ElfFile\0", 8) ? AS_INVALID : AS_UNKNOWN,
                       l->n, "not an event log: no file header of 4096 bytes");
    l->dirty = le32(l->bytes + 120) & FLAG_DIRTY;
    if (checksum(0, l->bytes, 120) != le32(l->bytes + 124) && !l->dirty)
        bad(l, 1, 0, "the checksum of the file header is wrong");
    (void)snprintf(version, sizeof(version), "%u.%u", l->bytes[38] | l->bytes[39] << 8,
                   l->bytes[36] | l->bytes[37] << 8);
    rc = as_facts_intern(l->w->facts, as_bytes_of(version), &l->w->analysis->tool_version);
    return rc ? as_walk_facts_failed(l->w, rc, err) : AS_OK;
}

static as_code count_unread(struct log *l, const char *what, uint64_t bytes, bool known,
                            as_err *err)
{
    as_place root = {0}, place = {.up = &root};
    as_str str = 0;
    as_code rc;

    if (!bytes)
        return AS_OK;
    rc = as_facts_intern(l->w->facts, as_bytes_of(what), &str);
    if (rc)
        return as_walk_facts_failed(l->w, rc, err);
    place.step = str | AS_STEP_KEY;
    return as_paths_add(l->w, &place, bytes, known, err);
}

static as_code read_log(struct log *l, as_err *err)
{
    as_code rc = fill(l, HEADER_SIZE, err);

    if (!rc)
        rc = note_header(l, err);
    while (!rc) {
        rc = fill(l, AS_EVTX_CHUNK, err);
        if (rc || !l->n)
            break;
        rc = read_chunk(l, err);
    }
    if (!rc)
        rc = count_unread(l, "unused", l->spare, true, err);
    return rc ? rc : count_unread(l, "damaged", l->damaged, false, err);
}

static as_code read_evtx(as_walk *w, as_err *err)
{
    struct log l = {.w = w, .events = as_winevents_new(w), .bytes = as_mem_get(AS_EVTX_CHUNK)};
    as_code rc;

    l.chunk = l.events ? as_evtx_chunk_new(l.events) : NULL;
    as_facts_number_records(w->facts);
    w->analysis->tool = "Windows event log";
    rc = l.chunk && l.bytes ? read_log(&l, err) : as_fail_nomem(err, "an event log");
    as_evtx_chunk_free(l.chunk);
    as_winevents_free(l.events);
    as_mem_free(l.bytes);
    return rc;
}

static as_sure probe_evtx(const as_head *h)
{
    return h->bytes.n >= 8 && !memcmp(h->bytes.p, "ElfFile\0", 8) ? AS_SURE_YES : AS_SURE_NO;
}

const as_reader as_reader_evtx = {
    .about = {.id = "evtx",
              .name = "Windows event log (EVTX)",
              .versions = "3.1, 3.2",
              .maps = "as Windows events as JSON",
              .seen = true},
    .probe = probe_evtx,
    .read = read_evtx,
};
