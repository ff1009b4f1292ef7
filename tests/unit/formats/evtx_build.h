/*
 * evtx_build - private to tests and benchmarks: writes event log files, in the way that
 * Windows does: names and templates where they are first used in a chunk, by offset after
 * that, and records that are a template and its values.
 */
#ifndef AS_TEST_EVTX_BUILD_H
#define AS_TEST_EVTX_BUILD_H

#include "base/base.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#define BUILD_CHUNK  65536u
#define BUILD_VALUES 64u
#define BUILD_NAMES  128u

struct build_value {
    uint8_t type;
    uint16_t n;
    uint8_t bytes[1500];
};

struct build_event {
    const char *provider, *channel, *computer;
    uint16_t id;
    const char *const *fields; /* names of the data, NULL at the end; one list, one template */
    struct build_value values[BUILD_VALUES];
    const char *user_data; /* name of the element below UserData; NULL: EventData */
};

struct build {
    uint8_t *file; /* for free() */
    size_t n, cap;
    uint8_t chunk[BUILD_CHUNK];
    size_t at;
    uint64_t record, chunk_first;
    const char *names[BUILD_NAMES];
    uint32_t name_at[BUILD_NAMES];
    size_t n_names;
    const char *const *fields; /* of the template in use */
    uint32_t template_at;
    size_t last; /* where the last record begins in the chunk */
};

static inline void build_int(struct build *b, uint64_t v, size_t n)
{
    assert(b->at + n <= BUILD_CHUNK);
    for (size_t i = 0; i < n; i++, v >>= 8)
        b->chunk[b->at++] = (uint8_t)v;
}

static inline void build_set(uint8_t *p, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++, v >>= 8)
        p[i] = (uint8_t)v;
}

static inline void build_utf16(struct build *b, const char *text)
{
    for (; *text; text++)
        build_int(b, (uint8_t)*text, 2);
}

static inline void build_name(struct build *b, const char *name)
{
    for (size_t i = 0; i < b->n_names; i++) {
        if (!strcmp(b->names[i], name)) {
            build_int(b, b->name_at[i], 4);
            return;
        }
    }
    assert(b->n_names < BUILD_NAMES);
    b->names[b->n_names] = name;
    b->name_at[b->n_names++] = (uint32_t)b->at + 4;
    build_int(b, b->at + 4, 4);
    build_int(b, 0, 4); /* no next of this hash */
    build_int(b, 0x1234, 2);
    build_int(b, strlen(name), 2);
    build_utf16(b, name);
    build_int(b, 0, 2);
}

static inline void build_open(struct build *b, const char *name, bool attrs)
{
    build_int(b, attrs ? 0x41 : 0x01, 1);
    build_int(b, 0xffff, 2);
    build_int(b, 0, 4); /* its size, which no reader needs */
    build_name(b, name);
    if (attrs)
        build_int(b, 0, 4);
}

static inline void build_attr(struct build *b, const char *name)
{
    build_int(b, 0x06, 1);
    build_name(b, name);
}

static inline void build_text(struct build *b, const char *text)
{
    build_int(b, 0x05, 1);
    build_int(b, 0x01, 1);
    build_int(b, strlen(text), 2);
    build_utf16(b, text);
}

static inline void build_hole(struct build *b, unsigned id, unsigned type)
{
    build_int(b, 0x0e, 1);
    build_int(b, id, 2);
    build_int(b, type, 1);
}

/* <name>hole</name> */
static inline void build_leaf(struct build *b, const char *name, unsigned id, unsigned type)
{
    build_open(b, name, false);
    build_int(b, 0x02, 1);
    build_hole(b, id, type);
    build_int(b, 0x04, 1);
}

#define BUILD_FRAME 12u /* holes of the frame; the data's follow */

static inline void build_system(struct build *b, const struct build_event *e)
{
    build_open(b, "System", false);
    build_int(b, 0x02, 1);
    build_open(b, "Provider", true);
    build_attr(b, "Name");
    build_text(b, e->provider);
    build_attr(b, "Guid");
    build_hole(b, 0, 0x0f);
    build_int(b, 0x03, 1);
    build_leaf(b, "EventID", 1, 0x06);
    build_leaf(b, "Version", 2, 0x04);
    build_leaf(b, "Level", 3, 0x04);
    build_leaf(b, "Task", 4, 0x06);
    build_leaf(b, "Keywords", 5, 0x15);
    build_open(b, "TimeCreated", true);
    build_attr(b, "SystemTime");
    build_hole(b, 6, 0x11);
    build_int(b, 0x03, 1);
    build_leaf(b, "EventRecordID", 7, 0x0a);
    build_open(b, "Execution", true);
    build_attr(b, "ProcessID");
    build_hole(b, 8, 0x08);
    build_int(b, 0x03, 1);
    build_leaf(b, "Channel", 9, 0x01);
    build_leaf(b, "Computer", 10, 0x01);
    build_open(b, "Security", true);
    build_attr(b, "UserID");
    build_hole(b, 11, 0x13);
    build_int(b, 0x03, 1);
    build_int(b, 0x04, 1);
}

static inline void build_data(struct build *b, const struct build_event *e)
{
    build_open(b, e->user_data ? "UserData" : "EventData", false);
    build_int(b, 0x02, 1);
    if (e->user_data) {
        build_open(b, e->user_data, false);
        build_int(b, 0x02, 1);
    }
    for (unsigned i = 0; e->fields[i]; i++) {
        if (e->user_data) {
            build_leaf(b, e->fields[i], BUILD_FRAME + i, e->values[i].type);
            continue;
        }
        build_open(b, "Data", true);
        build_attr(b, "Name");
        build_text(b, e->fields[i]);
        build_int(b, 0x02, 1);
        build_hole(b, BUILD_FRAME + i, e->values[i].type);
        build_int(b, 0x04, 1);
    }
    if (e->user_data)
        build_int(b, 0x04, 1);
    build_int(b, 0x04, 1);
}

/* Right here, where it is first used. */
static inline void build_template(struct build *b, const struct build_event *e)
{
    size_t size_at;

    b->fields = e->fields;
    b->template_at = (uint32_t)b->at + 4;
    build_int(b, b->template_at, 4);
    build_int(b, 0, 4); /* no next */
    build_int(b, 0x0123456789abcdef, 8);
    build_int(b, 0xfedcba9876543210, 8);
    size_at = b->at;
    build_int(b, 0, 4);
    build_int(b, 0x0001010f, 4);
    build_open(b, "Event", true);
    build_attr(b, "xmlns");
    build_text(b, "http://schemas.microsoft.com/win/2004/08/events/event");
    build_int(b, 0x02, 1);
    build_system(b, e);
    build_data(b, e);
    build_int(b, 0x04, 1);
    build_int(b, 0x00, 1);
    build_set(b->chunk + size_at, b->at - size_at - 4, 4);
}

static inline size_t build_frame_values(const struct build_event *e, uint64_t record,
                                        struct build_value v[BUILD_FRAME])
{
    static const uint8_t sid[] = {1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0};
    static const uint8_t guid[] = {0x5f, 0x38, 0x70, 0x57, 0x2a, 0xc2, 0xe0, 0x43,
                                   0xbf, 0x4c, 0x06, 0xf5, 0x69, 0x8f, 0xfb, 0xd9};
    const char *texts[] = {e->channel, e->computer};

    memset(v, 0, BUILD_FRAME * sizeof(*v));
    v[0].type = 0x0f;
    v[0].n = sizeof(guid);
    memcpy(v[0].bytes, guid, sizeof(guid));
    for (unsigned i = 1; i < 9; i++) {
        static const uint8_t types[] = {0, 0x06, 0x04, 0x04, 0x06, 0x15, 0x11, 0x0a, 0x08};
        static const uint8_t sizes[] = {0, 2, 1, 1, 2, 8, 8, 8, 4};
        const uint64_t numbers[] = {
            0,      e->id, 5, 4, e->id, (uint64_t)1 << 63, 133775334000000000u + record * 10000,
            record, 3544};

        v[i].type = types[i];
        v[i].n = sizes[i];
        build_set(v[i].bytes, numbers[i], sizes[i]);
    }
    for (unsigned i = 0; i < 2; i++) {
        v[9 + i].type = 0x01;
        v[9 + i].n = (uint16_t)(2 * strlen(texts[i]));
        for (size_t k = 0; texts[i][k]; k++)
            build_set(v[9 + i].bytes + 2 * k, (uint8_t)texts[i][k], 2);
    }
    v[11].type = 0x13;
    v[11].n = sizeof(sid);
    memcpy(v[11].bytes, sid, sizeof(sid));
    return BUILD_FRAME;
}

static inline void build_file_add(struct build *b, const void *bytes, size_t n)
{
    if (b->cap - b->n < n) {
        b->cap = b->cap * 2 + n;
        b->file = realloc(b->file, b->cap);
        assert(b->file);
    }
    memcpy(b->file + b->n, bytes, n);
    b->n += n;
}

static inline void build_sums(uint8_t *chunk)
{
    uint32_t end;

    memcpy(&end, chunk + 48, 4);
    build_set(chunk + 52, crc32(0, chunk + 512, (uInt)(end - 512)), 4);
    build_set(chunk + 124, crc32((uint32_t)crc32(0, chunk, 120), chunk + 128, 384), 4);
}

static inline void build_flush(struct build *b)
{
    if (b->at == 512)
        return;
    memcpy(b->chunk, "ElfChnk\0", 8);
    build_set(b->chunk + 8, b->chunk_first, 8);
    build_set(b->chunk + 16, b->record, 8);
    build_set(b->chunk + 24, b->chunk_first, 8);
    build_set(b->chunk + 32, b->record, 8);
    build_set(b->chunk + 40, 128, 4);
    build_set(b->chunk + 44, b->last, 4);
    build_set(b->chunk + 48, b->at, 4);
    build_sums(b->chunk);
    build_file_add(b, b->chunk, BUILD_CHUNK);
    memset(b->chunk, 0, BUILD_CHUNK);
    b->at = 512;
    b->n_names = 0;
    b->fields = NULL;
    b->chunk_first = b->record + 1;
}

static inline void build_begin(struct build *b)
{
    static const uint8_t header[4096];

    memset(b, 0, sizeof(*b));
    build_file_add(b, header, sizeof(header));
    b->at = 512;
    b->chunk_first = 1;
}

static inline void build_values(struct build *b, const struct build_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        build_int(b, v[i].n, 2);
        build_int(b, v[i].type, 2);
    }
}

static inline void build_bytes(struct build *b, const struct build_value *v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < v[i].n; k++)
            build_int(b, v[i].bytes[k], 1);
    }
}

static inline void build_record(struct build *b, const struct build_event *e)
{
    static struct build_value frame[BUILD_FRAME];
    size_t n = 0, begin, need = 6000;

    while (e->fields[n])
        need += e->values[n++].n;
    if (BUILD_CHUNK - b->at < need)
        build_flush(b);
    begin = b->last = b->at;
    b->record++;
    build_int(b, 0x00002a2a, 4);
    build_int(b, 0, 4);
    build_int(b, b->record, 8);
    build_int(b, 133775334000000000u + b->record * 10000, 8);
    build_int(b, 0x0001010f, 4);
    build_int(b, 0x0c, 1);
    build_int(b, 1, 1);
    build_int(b, 0x0badcafe, 4);
    if (b->fields == e->fields)
        build_int(b, b->template_at, 4);
    else
        build_template(b, e);
    (void)build_frame_values(e, b->record, frame);
    build_int(b, BUILD_FRAME + n, 4);
    build_values(b, frame, BUILD_FRAME);
    build_values(b, e->values, n);
    build_bytes(b, frame, BUILD_FRAME);
    build_bytes(b, e->values, n);
    build_int(b, 0, 1); /* the end, and what makes records a multiple of 8 bytes */
    while ((b->at - begin + 4) % 8)
        build_int(b, 0, 1);
    build_int(b, b->at - begin + 4, 4);
    build_set(b->chunk + begin + 4, b->at - begin, 4);
}

/* The file in *b, for free(b->file). */
static inline as_bytes build_end(struct build *b)
{
    static const uint8_t magic[8] = "ElfFile";
    uint8_t *h;

    build_flush(b);
    h = b->file;
    memcpy(h, magic, sizeof(magic));
    build_set(h + 16, (b->n - 4096) / BUILD_CHUNK ? (b->n - 4096) / BUILD_CHUNK - 1 : 0, 8);
    build_set(h + 24, b->record + 1, 8);
    build_set(h + 32, 128, 4);
    build_set(h + 36, 1, 2);
    build_set(h + 38, 3, 2);
    build_set(h + 40, 4096, 2);
    build_set(h + 42, (b->n - 4096) / BUILD_CHUNK, 2);
    build_set(h + 124, crc32(0, h, 120), 4);
    return (as_bytes){b->file, b->n};
}

static inline void build_value_int(struct build_value *v, unsigned type, uint64_t number, size_t n)
{
    v->type = (uint8_t)type;
    v->n = (uint16_t)n;
    build_set(v->bytes, number, n);
}

static inline void build_value_text(struct build_value *v, const char *text)
{
    v->type = 0x01;
    v->n = (uint16_t)(2 * strlen(text));
    assert(v->n <= sizeof(v->bytes));
    for (size_t i = 0; text[i]; i++)
        build_set(v->bytes + 2 * i, (uint8_t)text[i], 2);
}

static inline void build_value_bytes(struct build_value *v, unsigned type, const void *p, size_t n)
{
    v->type = (uint8_t)type;
    v->n = (uint16_t)n;
    memcpy(v->bytes, p, n);
}

#endif
