/*
 * formats - an analysis report, whoever wrote it, becomes one as_analysis.
 *
 *     as_source   *s = NULL;
 *     as_analysis *a = NULL;
 *
 *     if (as_source_open(path, NULL, &s, &err) || as_analysis_read(s, NULL, &a, &err))
 *         ...                                     err.offset is the bad byte
 *     printf("%s %zu facts\n", a->tool, as_facts_count(a->facts));
 *     as_analysis_free(a);
 *     as_source_free(s);
 *
 * The reader is chosen by content, never by name. A key that a reader does not
 * know, or a value of another type than it expects, never stops it: it is counted
 * by path in `coverage`. A report either comes out whole or not at all.
 *
 * Depends on: base, evidence.  Threads: one analysis, one thread.
 * The bytes in an analysis are the attacker's: show them, never print them.
 */
#ifndef AS_FORMATS_H
#define AS_FORMATS_H

#include "base/json.h"
#include "evidence/evidence.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Paths of unmapped values that are told apart; the rest is one "other" row. */
#define AS_COVERAGE_PATHS_MAX 2000

typedef struct as_unmapped {
    as_str path; /* JSON Pointer with "*" for array indexes, numbers and hashes */
    uint64_t count;
    uint64_t bytes;
    bool known; /* the reader knows it and leaves it out on purpose */
} as_unmapped;

typedef struct as_coverage {
    uint64_t total_bytes;  /* of the unpacked input */
    uint64_t mapped_bytes; /* total less the bytes of unmapped values */
    as_unmapped *rows;     /* by bytes, largest first */
    size_t n;
} as_coverage;

/*
 * One API call, in the form that sequences are made of. All views die with the
 * callback. `repeated` further identical calls followed this one.
 */
#define AS_CALL_ARGS_MAX 64

typedef struct as_call_arg {
    as_bytes name, value;
    as_bytes pretty; /* the tool's own reading of the value, or {0} */
    bool out;        /* as it was when the call came back; where the tool tells both */
} as_call_arg;

typedef struct as_call {
    uint32_t process; /* fact number of the process */
    uint64_t index;   /* in the process's list */
    as_bytes id;      /* the tool's own number of the call, or {0} */
    as_bytes api, category, time, thread, caller, parent_caller, status, ret, pretty_ret;
    uint64_t repeated;
    bool failed;
    uint64_t begin, end; /* evidence: the call's object */
    size_t n_args, args_left_out;
    as_call_arg args[AS_CALL_ARGS_MAX];
} as_call;

/* Called for each call in order of the input. Anything but AS_OK stops the reading. */
typedef as_code as_call_fn(void *ctx, const as_call *call, as_err *err);

typedef struct as_analysis as_analysis;

/* Called now and then with the packed bytes consumed. */
typedef void as_tick_fn(void *ctx, uint64_t done);

/*
 * Called between two records of a log when its facts so far fill their share of memory.
 * Afterwards they are let go, so that a log of any size is read in bounded memory; what
 * later facts may still belong to (processes) stays, marked AS_FACT_CARRIED. `a` is as
 * far as it is read: its sha256, size and coverage are not known yet. Anything but AS_OK
 * stops the reading.
 */
typedef as_code as_portion_fn(void *ctx, const as_analysis *a, as_err *err);

/* Called for each line (of a log that has none: record) that cannot be read, with the reason. */
typedef void as_bad_fn(void *ctx, bool is_record, uint64_t number, const as_err *why);

/* One family of tool output that assay reads; see as_format_get(). */
typedef struct as_format {
    const char *id;       /* for --as: "cape" */
    const char *name;     /* for a person: "CAPE" */
    const char *versions; /* known to be read */
    const char *maps;     /* one line: what becomes facts */
    bool seen;            /* checked on real files, not on documentation alone */
} as_format;

const as_format *as_format_get(size_t i); /* NULL past the last */

typedef struct as_read_options {
    const char *format; /* id of the format to read it as; NULL: by content */
    bool found;         /* nobody named it: what no reader is sure of may be anything */
    as_call_fn *on_call;
    void *call_ctx;
    as_tick_fn *on_tick;
    void *tick_ctx;
    as_portion_fn *on_portion; /* NULL: all facts are kept, up to `memory` */
    void *portion_ctx;
    size_t portion; /* bytes of facts that are handed out together; 0: AS_PORTION_MEMORY */
    /*
     * For who wants a log of any size as one analysis: once its facts fill AS_DIGEST_FROM,
     * those that differ only in time and in numbers given at random become one, which
     * says how often (AS_ATTR_REPEATED), with the first's evidence and the last's.
     * `on_portion` must be NULL then.
     */
    bool digest;
    as_bad_fn *on_bad; /* or NULL */
    void *bad_ctx;
    size_t memory; /* for facts; 0: AS_FACTS_MEMORY */
} as_read_options;

#define AS_PORTION_MEMORY ((size_t)64 << 20)
#define AS_DIGEST_FROM    ((size_t)128 << 20) /* unless `portion` says otherwise */
#define AS_DIGEST_MEMORY  ((size_t)256 << 20) /* of the facts that are kept of a digest */

struct as_analysis {
    const char *tool;               /* "CAPE" or "Cuckoo" */
    const char *format;             /* id of what it was read as: as_format_get() */
    as_str tool_version;            /* as the report says, or 0 */
    const char *source;             /* name of the input; owned */
    uint8_t sha256[AS_SHA256_SIZE]; /* of the unpacked input */
    bool unhashed;                  /* in a portion: sha256 is not known yet */
    uint64_t size;                  /* of the unpacked input */
    bool packed;
    uint32_t sample; /* fact number of the sample, or AS_NO_FACT */
    uint64_t calls;  /* API calls read, repeats not counted */
    /* Why the run behind the report is incomplete: kinds of gap found, as bits. */
    uint32_t gaps; /* AS_GAP_* */
    /* Lines (records) of a log that could not be read; the rest was. */
    uint64_t bad_lines, first_bad_line;
    bool has_records; /* those numbers count records, not lines */
    as_json_doubts doubts;
    as_coverage coverage;
    as_facts *facts; /* with portions: those since the last */
    uint64_t portions;
    /* The facts marked AS_FACT_CARRIED are the first; the numbers they had in the portion before.
     */
    uint32_t *carried;
    size_t n_carried;
    uint64_t digested; /* facts that were told apart and became others' `repeated` */
    uint64_t untold;   /* facts for which AS_DIGEST_MEMORY had no room */
    /* Of a joined analysis: what it was made of. Its own source, hash and coverage are empty. */
    struct as_part *parts;
    size_t n_parts;
};

/* The inputs of a joined analysis lie one behind the other: the evidence of the facts of one
 * is `base` further on than in the input itself. */
typedef struct as_part {
    const as_analysis *analysis;
    uint64_t base;
} as_part;

#define AS_GAP_ERRORS  1u  /* the tool reports errors of its own */
#define AS_GAP_NOTHING 2u  /* nothing ran: no process was seen */
#define AS_GAP_NO_END  4u  /* the run has no end time */
#define AS_GAP_STATUS  8u  /* the tool calls the run failed or aborted */
#define AS_GAP_UNTOLD  16u /* a log held more than a description has room for: `untold` */
#define AS_GAP_EMPTY   32u /* the output lists nothing: nothing found, or nothing done */

static inline bool as_analysis_partial(const as_analysis *a)
{
    return a->gaps != 0;
}

/*
 * Reads a report to its end. With `found`, what is no JSON object and of no reader is
 * AS_UNKNOWN and not a damaged report. AS_INVALID (not JSON, cut off), AS_UNKNOWN (of no tool
 * that assay reads), AS_LIMIT, AS_NOMEM, or what the source says.
 */
as_code as_analysis_read(as_source *source, const as_read_options *options, as_analysis **ret,
                         as_err *err) AS_CHECKED;
void as_analysis_free(as_analysis *a);

/*
 * Whether both are about one sample: the strongest hash that both give is the same. A name
 * never joins.
 */
bool as_analysis_same_sample(const as_analysis *a, const as_analysis *b);

#define AS_PARTS_MAX 26u /* of a joined analysis: each has a letter in a report */

/*
 * One sample seen by several tools, as one analysis: all facts of all, and what two of them
 * both saw is one fact with the evidence of both. Processes, calls and what else belongs to
 * one run stay apart. `all` must outlive the result. AS_LIMIT: too many, or too many facts.
 */
as_code as_analyses_join(const as_analysis *const *all, size_t n, as_analysis **ret,
                         as_err *err) AS_CHECKED;

/* Which part has the bytes at `offset`, and with them an evidence; 0 of any other analysis. */
size_t as_analysis_part(const as_analysis *a, uint64_t offset);

/* An analysis that is not joined is its own one part. */
static inline size_t as_analysis_n_parts(const as_analysis *a)
{
    return a->n_parts > 0 ? a->n_parts : 1;
}

static inline const as_analysis *as_analysis_part_get(const as_analysis *a, size_t part)
{
    return a->n_parts > 0 ? a->parts[part].analysis : a;
}

static inline uint64_t as_analysis_part_base(const as_analysis *a, size_t part)
{
    return a->n_parts > 0 ? a->parts[part].base : 0;
}

/*
 * Of a fact made from a Windows event: the field that the event itself calls `name`
 * ("Image", "EventID", "Provider_Name"), under whatever attribute it is kept. False if
 * there is none or the fact is of no event. Of two attributes with one origin the first.
 */
bool as_winevent_value(const as_facts *f, const as_fact *fact, as_bytes name, as_value *ret);

#ifdef __cplusplus
}
#endif
#endif
