/*
 * cli_priv - private to cli: what the commands share.
 *
 *     as_out out;
 *     if (as_out_open(&out, path, &err)) ...        path NULL: standard output
 *     as_buf_text(&out.buf, "...");
 *     if (as_out_flush(&out, &err)) ...             now and then
 *     if (as_out_commit(&out, &err)) ...            or as_out_abort(&out)
 *
 * Depends on: base, evidence, formats.  Threads: the main thread alone.
 */
#ifndef AS_CLI_PRIV_H
#define AS_CLI_PRIV_H

#include "cli/options.h"
#include "formats/formats.h"
#include "formats/inputs.h"
#include "store/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The whole program: argv as main() got it; the exit status. */
int as_cli_run(int argc, char **argv);

int as_cmd_analyze(const as_args *args);
int as_cmd_facts(const as_args *args);
int as_cmd_calls(const as_args *args);
int as_cmd_evidence(const as_args *args);
int as_cmd_add(const as_args *args);
int as_cmd_samples(const as_args *args);
int as_cmd_show(const as_args *args);
int as_cmd_rm(const as_args *args);
int as_cmd_ask(const as_args *args);
int as_cmd_search(const as_args *args);
int as_cmd_embed(const as_args *args);
int as_cmd_export(const as_args *args);
int as_cmd_import(const as_args *args);
int as_cmd_check(const as_args *args);
int as_cmd_stats(const as_args *args);
int as_cmd_eval(const as_args *args);
int as_cmd_model(const as_args *args);
int as_cmd_formats(const as_args *args);
int as_cmd_doctor(const as_args *args);
int as_cmd_help(const as_args *args);
int as_cmd_completion(const as_args *args);
int as_cmd_man(const as_args *args);

/* --- messages (message.c) --------------------------------------------------------- */

/* "assay: error: ..." for a failure that is about no input; its exit status. */
int as_say_error(const as_err *err);

/* "assay: error: report.json: byte 1234: ..."; its exit status. */
int as_say_input(const char *path, const as_err *err);

/* "assay: warning: events.json: line 12 passed over: byte 1234: ...". */
void as_say_bad(const char *name, bool is_record, uint64_t number, const as_err *why);

/* The name of an input for a person: "standard input" for "-". */
const char *as_input_name(const char *path);

/* --- signals (signals.c) ------------------------------------------------------------ */

/*
 * SIGINT, SIGTERM, SIGHUP and SIGPIPE end the process as they would anyway, after the
 * file that was named last is gone and a progress line is erased. NULL: no file.
 */
void as_signals_install(void);
bool as_signals_remove(const char *path);

/* --- output (output.c) ---------------------------------------------------------------- */

#define AS_OUT_CHUNK ((size_t)64 << 10) /* flushed when the buffer holds this much */

typedef struct as_out {
    as_buf buf; /* append here */
    int fd;
    char *target; /* the file that `temp` becomes; NULL: written in place */
    char *temp;
    bool owned; /* `fd` is ours to close */
} as_out;

/*
 * A regular file is written beside itself and renamed by as_out_commit(); anything
 * else that exists (a terminal, a device, a pipe) is written as it is. AS_IO, AS_NOMEM.
 */
as_code as_out_open(as_out *out, const char *path, as_err *err) AS_CHECKED;
as_code as_out_flush(as_out *out, as_err *err) AS_CHECKED;   /* all of the buffer */
as_code as_out_relieve(as_out *out, as_err *err) AS_CHECKED; /* if it holds a chunk */
as_code as_out_commit(as_out *out, as_err *err) AS_CHECKED;  /* aborts on failure */
void as_out_abort(as_out *out);

/* Commits `buf`'s content to standard output and frees it; the exit status. */
int as_out_print(as_buf *buf);

/* AS_USAGE if `path` is the same file as one of the inputs: it would be lost. */
as_code as_out_check_inputs(const char *path, char *const *inputs, int n, as_err *err) AS_CHECKED;

/* --- scratch space (spool.c) -------------------------------------------------------------- */

/*
 * Bytes that wait for a decision: the first in memory, the rest in a file without a
 * name, which no death of the process can leave behind. Zero it before use.
 */
#define AS_SPOOL_MEMORY ((size_t)256 << 10)

typedef struct as_spool {
    as_buf buf;
    int fd_plus1;     /* 0: all is in memory */
    uint64_t written; /* to the file */
    uint64_t read_at;
    void *map;
    size_t map_n;
} as_spool;

as_code as_spool_add(as_spool *s, as_bytes bytes, as_err *err) AS_CHECKED;

/* The next `n` bytes from the start, in order, after the last as_spool_add(). */
as_code as_spool_take(as_spool *s, uint8_t *dst, size_t n, as_err *err) AS_CHECKED;

/* All of it; valid until as_spool_done(). */
as_code as_spool_view(as_spool *s, as_bytes *ret, as_err *err) AS_CHECKED;

uint64_t as_spool_size(const as_spool *s);
void as_spool_done(as_spool *s);

/*
 * Lines of JSON about one input, for `out`: those of a log's portions wait in the spool
 * until the hash is known that their ids begin with. Zero it, and set `out`.
 */
typedef struct as_lines_out {
    as_out *out;
    as_spool spool;
    as_buf buf; /* append here, then as_lines_out_relieve() */
} as_lines_out;

/* `a` is what the line in `buf` is about. */
as_code as_lines_out_relieve(as_lines_out *l, const as_analysis *a, as_err *err) AS_CHECKED;
/* After the last line of the whole analysis `a`. */
as_code as_lines_out_end(as_lines_out *l, const as_analysis *a, as_err *err) AS_CHECKED;
void as_lines_out_done(as_lines_out *l);

/* --- tables (table.c) ------------------------------------------------------------------------- */

/*
 * Rows of `columns` cells, printed in columns as wide as their widest cell. What is put in
 * is made visible, and cut at AS_TABLE_CELL characters.
 */
#define AS_TABLE_COLUMNS 8u
#define AS_TABLE_CELL    120u

typedef struct as_table {
    as_buf text;
    size_t n, columns;
    uint32_t right; /* bit 1 << column: its cells stand at the right */
    bool failed;
} as_table;

void as_table_cell(as_table *t, as_bytes text);
void as_table_text(as_table *t, const char *text);
void as_table_u64(as_table *t, uint64_t value);
void as_table_print(as_table *t, as_buf *out);
void as_table_done(as_table *t);

/* --- the store (stored.c) --------------------------------------------------------------------- */

/* The folder of --store, or of the environment; appended with a NUL. */
as_code as_home_of(const as_args *args, as_buf *ret, as_err *err) AS_CHECKED;

/* The store there. */
as_code as_store_here(const as_args *args, as_store_mode mode, as_store **ret,
                      as_err *err) AS_CHECKED;

/* The same to write to, but it is not made if it is missing: AS_NOT_FOUND. */
as_code as_store_there(const as_args *args, as_store **ret, as_err *err) AS_CHECKED;

/* The titles of a table of samples, which this begins, and a row of it. */
void as_sample_titles(as_table *t);
void as_sample_row(as_table *t, const as_sample *sample);

/*
 * The one sample that `text` (a hash, its beginning, a name, "#12") means: 0 and *ret.
 * Otherwise the exit status; it is told why, and where there are several, they are listed
 * on standard error.
 */
int as_sample_pick(as_store *s, const char *text, int64_t *ret) AS_CHECKED;

/* The number that is an option's value; *ret stays if it is not given. AS_USAGE. */
as_code as_number_option(const as_args *args, as_option_id id, uint64_t least, uint64_t most,
                         uint64_t *ret, as_err *err) AS_CHECKED;

/* "2026-03-01", "7d": the moment that --since means. AS_USAGE. */
as_code as_since_read(const as_args *args, const char *text, int64_t *ret_us,
                      as_err *err) AS_CHECKED;

/* --- files put into the store ahead of being added (ahead.c) ------------------------------------
 */

/*
 * `workers` threads that put the files below the paths into the blobs of the store, in the
 * order of the walk and at most AS_AHEAD_FILES ahead of it. Archives are left alone.
 */
#define AS_AHEAD_FILES   32u
#define AS_AHEAD_WORKERS 64u

typedef struct as_ahead as_ahead;

as_code as_ahead_new(as_store *s, char *const *paths, int n, unsigned workers, as_ahead **ret,
                     as_err *err) AS_CHECKED;

/* Whether the file is kept, waiting for who is at it. False: read it yourself. */
bool as_ahead_take(as_ahead *a, const char *file, as_blob_info *ret);

/* Ends the threads; what was not taken is forgotten. */
void as_ahead_free(as_ahead *a);

/* --- telling (telling.c) ---------------------------------------------------------------------- */

/*
 * Descriptions of analyses, those of one sample joined, in the form that --format, --lang
 * and the other options of describing ask for.
 */
typedef struct as_telling as_telling;

/* What --color, NO_COLOR and the terminal say. */
bool as_wants_colour(const as_args *args);

as_code as_telling_new(const as_args *args, as_telling **ret, as_err *err) AS_CHECKED;
void as_telling_free(as_telling *t);

/* Takes `a`, whatever comes of it. May write what is told so far. */
as_code as_telling_add(as_telling *t, as_analysis *a, as_out *out, as_err *err) AS_CHECKED;

/* Writes all that waits. */
as_code as_telling_finish(as_telling *t, as_out *out, as_err *err) AS_CHECKED;

/* Exit status of the samples that could not be told; 0: there were none. */
int as_telling_worst(const as_telling *t);

/* --- configuration (config.c) ----------------------------------------------------------------- */

/*
 * The passwords for archives: those of --password, else of ASSAY_PASSWORDS, else of the
 * configuration. The texts live as long as it does. AS_USAGE: the configuration is wrong.
 */
typedef struct as_passwords {
    const char *p[AS_INPUTS_PASSWORDS];
    size_t n;
    as_buf text;
} as_passwords;

as_code as_passwords_find(const as_args *args, as_passwords *ret, as_err *err) AS_CHECKED;
void as_passwords_done(as_passwords *p);

/*
 * The text encoder that is wanted: of the environment (ASSAY_ENCODER_MODEL ...), else of the
 * configuration (encoder.model ...). NULL: not set. The texts live as long as it does.
 */
enum {
    AS_ENCODER_MODEL,
    AS_ENCODER_ENDPOINT,
    AS_ENCODER_REMOTE_MODEL,
    AS_ENCODER_API,
    AS_ENCODER_THREADS,
    AS_ENCODER_PRECISION,
    AS_ENCODER_KEYS
};

typedef struct as_encoder_config {
    const char *model;        /* the name of an installed one, or a folder */
    const char *endpoint;     /* "http://127.0.0.1:11434" */
    const char *remote_model; /* what it is called there */
    const char *api;          /* "openai" (if not set), "ollama" */
    const char *precision;    /* "f32" (if not set), "bf16", "bf16x3", "auto" */
    unsigned threads;         /* 0: as many as are good */
    as_buf text[AS_ENCODER_KEYS];
} as_encoder_config;

as_code as_encoder_config_find(as_encoder_config *ret, as_err *err) AS_CHECKED;
void as_encoder_config_done(as_encoder_config *c);

/* --- reading (reading.c) -------------------------------------------------------------------- */

/* Tells the first lines of an input that cannot be read (an as_bad_fn), and how many more. */
typedef struct as_bad_told {
    const char *name;
    uint64_t told;
    bool records;
} as_bad_told;

void as_bad_tell(void *ctx, bool is_record, uint64_t number, const as_err *why);
void as_bad_rest(const as_bad_told *bad, uint64_t all);

/*
 * Reads the report `input` to its end, with progress. `options` (or NULL) says who hears of
 * calls and portions.
 */
as_code as_report_read(const as_args *args, const as_input *input, const as_read_options *options,
                       as_analysis **ret, as_err *err) AS_CHECKED;

/*
 * A job over all reports that the operands name or hold. `each` does one; it may flush
 * `out` once nothing more can fail but the output itself. Its failure is told with the
 * report's name, and what it left in out->buf is dropped. `finish` (or NULL) runs last if
 * any report was good.
 */
typedef struct as_job {
    as_code (*each)(void *ctx, const as_input *input, as_out *out, as_err *err);
    as_code (*finish)(void *ctx, as_out *out, as_err *err);
    void *ctx;
} as_job;

/*
 * Each report is done on its own, into --output or standard output. AS_IO means the
 * output and ends the job. Returns the exit status: that of the worst report. What a
 * folder or archive holds and nobody reads is counted in one note at the end.
 */
int as_each_report(const as_args *args, const as_job *job);

#ifdef __cplusplus
}
#endif
#endif
