/*
 * strace_priv - private to formats: what the files of the strace reader share.
 *
 *     strace_line.c    one line taken apart
 *     strace.c         lines in order: calls joined again, calls told and counted
 *     strace_tasks.c   who is who: processes, their threads, their open files
 *     strace_facts.c   what a call says beyond having been made
 */
#ifndef AS_STRACE_PRIV_H
#define AS_STRACE_PRIV_H

#include "formats/formats_priv.h"
#include "formats/linux_calls_priv.h"

/* --- one line ------------------------------------------------------------------------ */

typedef enum as_strace_what {
    AS_STRACE_BAD,
    AS_STRACE_CALL,       /* name(args) = ret */
    AS_STRACE_UNFINISHED, /* name(args <unfinished ...> */
    AS_STRACE_BROKEN,     /* as that, and a note of strace stands in the middle */
    AS_STRACE_RESUMED,    /* <... name resumed>args) = ret */
    AS_STRACE_SIGNAL,     /* --- SIGX {..} --- */
    AS_STRACE_EXITED,     /* +++ exited with n +++ */
    AS_STRACE_KILLED,     /* +++ killed by SIGX +++ */
    AS_STRACE_ATTACHED,   /* strace: Process n attached */
    AS_STRACE_NOTE,       /* any other word of strace itself */
    AS_STRACE_STACK       /* a line of -k */
} as_strace_what;

typedef struct as_strace_line {
    as_strace_what what;
    as_bytes pid, comm; /* of the prefix, or {0} */
    as_bytes time;      /* of the day or of the epoch; {0} for the distances of -r */
    as_bytes address;   /* of -i */
    as_bytes name;      /* of the call or the signal; who was attached; how it exited */
    as_bytes text;      /* of a call: what stands between the brackets; of a signal: its data */
    as_bytes ret;       /* "3", "-1", "?", "0x7f.." */
    as_bytes ret_path;  /* of 3</path>: what stands between < and > */
    as_bytes ret_text;  /* ENOENT (No such file or directory) */
    bool failed;
    size_t n_args, args_left_out;
    as_bytes args[AS_CALL_ARGS_MAX];
} as_strace_line;

/* `line` without its end. The views point into it. */
void as_strace_parse(as_bytes line, as_strace_line *ret);

/* The call's own part again, joined: `text` is all from behind the bracket on. */
bool as_strace_parse_rest(as_bytes text, as_strace_line *ret);

/* "name=value" taken apart: false (and all of it the value) where there is no name. */
bool as_strace_named(as_bytes arg, as_bytes *ret_name, as_bytes *ret_value);

/* The argument that is called `name`, in `text` as "name=value" at any depth; {0}: none. */
as_bytes as_strace_field(as_bytes text, const char *name);

/*
 * The content of "a string" at the start of `arg`, its escapes undone, appended to `out`.
 * False if there is none. *ret_cut: strace left out its end.
 */
bool as_strace_string(as_bytes arg, as_buf *out, bool *ret_cut);

void as_strace_unescape(as_bytes text, as_buf *out);

/* Length of the string that `text` begins with, with quotes and dots; 0: none. */
size_t as_strace_string_length(as_bytes text);

/* Number of the descriptor "3" or "3</path>", its path, or false. */
bool as_strace_fd(as_bytes arg, uint32_t *ret, as_bytes *ret_path);

/* `flags` holds the word, as in "O_RDWR|O_CREAT". */
bool as_strace_flag(as_bytes flags, const char *word);

/* --- who is who ------------------------------------------------------------------------ */

#define AS_STRACE_FDS   4096u             /* descriptors above are not followed */
#define AS_STRACE_FILES ((size_t)4 << 20) /* nor more of all processes together */

typedef struct as_strace_file {
    as_str path;                       /* 0: of no file, or not known of which */
    as_str protocol;                   /* of a socket */
    bool close_on_exec, read, written; /* the last two: told already */
} as_strace_file;

/* One process; its threads share it. */
typedef struct as_strace_process {
    uint64_t serial, visit;
    uint32_t fact;      /* reserved: it is put when all about it is known */
    uint32_t above;     /* the process that started it, or AS_NO_FACT */
    uint32_t pid, ppid; /* 0: not known */
    as_str name, path, command_line, first_seen;
    bool has_image;
    bool cut;        /* strace left out a part of what is told */
    bool starter;    /* it started another: it is no child of that one, nor a thread of it */
    bool put;        /* what becomes known later is another fact's */
    as_step leaving; /* the line on which it asked to end, or 0 */
    uint32_t tasks;  /* threads that have not ended */
    as_strace_file *files;
    size_t n_files;
    size_t n_evidence;
    as_evidence evidence[3]; /* where it was started, where it got its image or was first seen */
} as_strace_process;

/* One thread: what strace calls a process. */
typedef struct as_strace_task as_strace_task;
struct as_strace_task {
    as_strace_task *next;            /* of the same slot */
    as_strace_task *before, *behind; /* of all: see as_strace.first */
    uint32_t tid;                    /* 0: of a log that does not number the only one */
    as_strace_process *process;
    uint64_t born;  /* line */
    uint64_t used;  /* the last line of it */
    bool seen;      /* it has lines of its own, or was announced */
    bool left;      /* it asked to end */
    bool waiting;   /* a call of it is unfinished: */
    bool forking;   /* which starts another that did not appear yet */
    uint32_t child; /* that appeared meanwhile, or 0 */
    const as_linux_call *call;
    uint8_t name[32];
    size_t name_n;
    as_buf text;
    as_evidence at;
};

#define AS_STRACE_NAMES 1024u

typedef struct as_strace_name {
    uint8_t text[32];
    size_t n;
    const as_linux_call *call;
} as_strace_name;

typedef struct as_strace {
    as_walk *w;
    as_strace_task **slots; /* by number; a power of two of them */
    size_t n_slots, n_tasks;
    /* All tasks: those with lines of their own, as these began, and then the others. */
    as_strace_task *first, *last, *last_seen;
    size_t n_forking;
    uint32_t forking; /* the numbers of those, one xor the other: of one, its own */
    bool numbered;    /* the log has numbers, and which of them the first task has is known */
    size_t n_new;     /* tasks since idle ones were looked for */
    size_t n_files;   /* places for descriptors, of all processes */
    bool saw_close;   /* else a number may be another file by now */
    uint64_t serial, visits;
    as_evidence at; /* the line in hand; last: its number */
    as_bytes time;
    as_strace_name *names;
    uint64_t seed;  /* so that whoever was traced cannot choose texts that collide */
    uint64_t *told; /* hashes of what facts were made of */
    size_t told_mask, n_told;
    as_buf path, other, joined;
    as_call call;
    bool any;
} as_strace;

as_code as_strace_begin(as_strace *s, as_walk *w, as_err *err) AS_CHECKED;
void as_strace_done(as_strace *s);

/* The thread that the line is of; a new one if it was not seen before. */
as_code as_strace_task_of(as_strace *s, const as_strace_line *l, as_strace_task **ret,
                          as_err *err) AS_CHECKED;
as_code as_strace_attached(as_strace *s, uint32_t tid, as_err *err) AS_CHECKED;

/* `t` came back from starting `tid`; `thread`: within its own process. */
as_code as_strace_started(as_strace *s, as_strace_task *t, uint32_t tid, bool thread,
                          as_err *err) AS_CHECKED;

/* The process of `t` runs another program from here on: its fact is a new one. */
as_code as_strace_new_image(as_strace *s, as_strace_task *t, as_err *err) AS_CHECKED;
void as_strace_set_forking(as_strace *s, as_strace_task *t, bool forking);
as_code as_strace_end_task(as_strace *s, as_strace_task *t, as_err *err) AS_CHECKED;
as_code as_strace_end_all(as_strace *s, as_err *err) AS_CHECKED;

/* Hands the facts out: see as_walk_portion(). */
as_code as_strace_portion(as_strace *s, as_err *err) AS_CHECKED;

/* NULL: not followed. With `make`, a place for it. */
as_strace_file *as_strace_file_of(as_strace *s, as_strace_process *p, uint32_t fd, bool make);

/* --- what a call says ------------------------------------------------------------------- */

/* `also`: the line on which the call began, or NULL. */
as_code as_strace_tell(as_strace *s, as_strace_task *t, const as_linux_call *call,
                       const as_strace_line *l, const as_evidence *also, as_err *err) AS_CHECKED;

/* True the first time that it is asked. */
bool as_strace_first_time(as_strace *s, uint64_t key);

#endif
