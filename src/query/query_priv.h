/*
 * query_priv - private to query: signs of a question, topics, plans, finds.
 *
 *     question -> signs (read.c, lexicon.c) -> plan (plan.c) -> finds (gather.c,
 *     one.c, many.c) -> answer (say.c, cite.c)
 *
 * Depends on: base, evidence, describe, store.  Threads: one job, one thread.
 */
#ifndef AS_QUERY_PRIV_H
#define AS_QUERY_PRIV_H

#include "base/time.h"
#include "query/query.h"
#include "store/ioc.h"

#ifdef __cplusplus
extern "C" {
#endif

/* --- topics (topics.c): what can be asked for -------------------------------------------- */

/* What a tool may or may not record; the unit in which "it does not record that" is said. */
#define AREA_MAP(X)                                                                                \
    X(IDENTITY, "identities of samples", "样本身份")                                               \
    X(RUN, "details of a run", "运行信息")                                                         \
    X(SIGNATURES, "behaviour signatures", "行为特征")                                              \
    X(TECHNIQUES, "techniques", "攻击技术")                                                        \
    X(CAPABILITIES, "capabilities", "能力")                                                        \
    X(YARA, "YARA matches", "YARA 命中")                                                           \
    X(IDS, "IDS alerts", "IDS 告警")                                                               \
    X(SIGMA, "Sigma matches", "Sigma 命中")                                                        \
    X(ANTIVIRUS, "antivirus results", "杀毒引擎结果")                                              \
    X(VERDICT, "verdicts", "判定")                                                                 \
    X(PROCESSES, "processes", "进程")                                                              \
    X(CALLS, "API calls", "API 调用")                                                              \
    X(FILES, "file operations", "文件操作")                                                        \
    X(DROPPED, "dropped files", "释放的文件")                                                      \
    X(REGISTRY, "registry operations", "注册表操作")                                               \
    X(NETWORK, "network traffic", "网络流量")                                                      \
    X(SYSTEM, "mutexes, services and the like", "互斥体、服务等系统对象")                          \
    X(MEMORY, "memory", "内存")                                                                    \
    X(CONFIG, "extracted configurations", "提取的配置")                                            \
    X(STATIC, "static properties of the file", "文件静态信息")                                     \
    X(STRINGS, "strings", "字符串")                                                                \
    X(SCREENSHOTS, "screenshots", "截图")                                                          \
    X(LOGONS, "logons and accounts", "登录与账户")

typedef enum topic_area {
#define AS_X(id, en, zh) AREA_##id,
    AREA_MAP(AS_X)
#undef AS_X
        AREA_COUNT
} topic_area;

const char *area_name(topic_area a, as_lang lang);

/* clang-format off */
#define TOPIC_MAP(X) \
    X(NONE) X(SAMPLE) X(RUN) X(PE) X(MUTEX) X(DROPPED) X(FILE) X(FILE_WRITTEN) X(FILE_CREATED) \
    X(FILE_MODIFIED) X(FILE_DELETED) X(FILE_READ) X(FILE_OPENED) X(FILE_COPIED) X(FILE_MOVED) \
    X(FILE_FAILED) X(FILE_PROBED) X(DIR_CREATED) X(DIR_REMOVED) X(DIR_LISTED) X(REGISTRY) \
    X(KEY_WRITTEN) X(KEY_DELETED) X(KEY_READ) X(KEY_OPENED) X(PROCESS) X(COMMAND) X(DOMAIN) \
    X(DNS) X(DNS_ANSWER) X(DNS_SERVER) X(IP) X(CONNECTION) X(SOCKET) X(HTTP) X(URL) X(TLS) \
    X(ICMP) X(SMTP) X(IRC) X(SSH) X(SHARE) X(DEAD_HOST) X(NETWORK) X(SIGNATURE) X(YARA) X(IDS) \
    X(SIGMA) X(TECHNIQUE) X(TACTIC) X(CAPABILITY) X(MBC) X(FAMILY) X(ANTIVIRUS) X(AV_SUMMARY) \
    X(CLAMAV) X(SCORE) X(VERDICT) X(API) X(MODULE) X(SERVICE) X(SERVICE_CREATED) \
    X(SERVICE_STARTED) X(TASK) X(PIPE) X(DRIVER) X(COM) X(WMI) X(WINDOWS_EVENT) X(INJECTION) \
    X(REMOTE_THREAD) X(PROCESS_ACCESS) X(PROCESS_ENDED) X(MEMORY_FINDING) X(MEMORY_REGION) \
    X(PAYLOAD) X(DUMP) X(CONFIG) X(C2) X(CREDENTIAL) X(RANSOM_NOTE) X(STRING) X(IMPORT) \
    X(IMPORTED_DLL) X(EXPORT) X(SECTION) X(RESOURCE) X(CERTIFICATE) X(SCREENSHOT) X(SCRIPT) \
    X(LOGON) X(LOGON_FAILED) X(ACCOUNT) X(USER) X(LOG_CLEARED) X(OBJECT_ACCESS) \
    X(KERNEL_MODULE) X(HANDLE) X(EXTRACTED) X(PERSISTENCE) X(BEHAVIOUR) X(TOOL_ERROR) X(KIND)
/* clang-format on */

typedef enum topic_id {
#define AS_X(id) TOPIC_##id,
    TOPIC_MAP(AS_X)
#undef AS_X
        TOPIC_COUNT
} topic_id;

#define TOPIC_KINDS 16
#define TOPIC_ATTRS 8

/* Lists end in -1. */
typedef struct topic {
    const char *name; /* in the JSON answer */
    int16_t kinds[TOPIC_KINDS];
    int16_t value[TOPIC_ATTRS];  /* the first that a row has is its item's value */
    int16_t key[TOPIC_ATTRS];    /* rows equal in the first of these that they have are one item;
                                    none: equal in value */
    int16_t detail[TOPIC_ATTRS]; /* told behind the value */
    topic_area area;
    int term;               /* as_term_type of its values, or -1 */
    const char *one, *many; /* English nouns */
    const char *zh, *unit;  /* Chinese noun and its measure word */
    const char *verb_en;    /* "it queried": before the list; NULL: "the report lists" */
    const char *verb_zh;
} topic;

const topic *topic_get(topic_id id);

/* Whether a row of its kinds is of the topic; most topics take every one. */
bool topic_takes(topic_id id, const as_row *row);

/* --- what is selected of a row (select.c) ---------------------------------------------------- */

#define SELECT_MAP(X)                                                                              \
    X(NONE, NULL, NULL)                                                                            \
    X(NAME, "name", "名称")                                                                        \
    X(PATH, "path", "路径")                                                                        \
    X(FOLDER, "folder", "目录")                                                                    \
    X(EXTENSION, "extension", "扩展名")                                                            \
    X(SIZE, "size", "大小")                                                                        \
    X(TYPE, "type", "类型")                                                                        \
    X(MD5, "MD5", "MD5")                                                                           \
    X(SHA1, "SHA-1", "SHA-1")                                                                      \
    X(SHA256, "SHA-256", "SHA-256")                                                                \
    X(SHA512, "SHA-512", "SHA-512")                                                                \
    X(SSDEEP, "ssdeep", "ssdeep")                                                                  \
    X(TLSH, "TLSH", "TLSH")                                                                        \
    X(CRC32, "CRC32", "CRC32")                                                                     \
    X(HASHES, "hashes", "哈希值")                                                                  \
    X(IMPHASH, "imphash", "imphash")                                                               \
    X(COMPILED, "compile time", "编译时间")                                                        \
    X(ENTRYPOINT, "entry point", "入口点")                                                         \
    X(IMAGEBASE, "image base", "映像基址")                                                         \
    X(PDB, "PDB path", "PDB 路径")                                                                 \
    X(DURATION, "duration", "耗时")                                                                \
    X(STARTED, "start time", "开始时间")                                                           \
    X(ENDED, "end time", "结束时间")                                                               \
    X(MACHINE, "machine", "虚拟机")                                                                \
    X(PLATFORM, "platform", "平台")                                                                \
    X(PACKAGE, "package", "分析包")                                                                \
    X(ROUTE, "network route", "网络路由")                                                          \
    X(VERSION, "version", "版本")                                                                  \
    X(ANALYSIS_ID, "analysis id", "分析编号")                                                      \
    X(SOURCE, "source address", "来源地址")                                                        \
    X(TOOL, "tool", "分析工具")                                                                    \
    X(SCORE, "score", "评分")                                                                      \
    X(VERDICT, "verdict", "判定")                                                                  \
    X(PID, "process id", "进程号")                                                                 \
    X(PPID, "parent process id", "父进程号")                                                       \
    X(COMMAND_LINE, "command line", "命令行")                                                      \
    X(PORT, "port", "端口")                                                                        \
    X(SOURCE_PORT, "source port", "源端口")                                                        \
    X(PROTOCOL, "protocol", "协议")                                                                \
    X(COUNTRY, "country", "国家")                                                                  \
    X(USER_AGENT, "user agent", "User-Agent")                                                      \
    X(METHOD, "method", "请求方法")                                                                \
    X(STATUS, "status", "状态码")                                                                  \
    X(HOSTNAME, "host name", "主机名")                                                             \
    X(DESCRIPTION, "description", "描述")                                                          \
    X(SEVERITY, "severity", "严重程度")                                                            \
    X(CATEGORY, "category", "类别")                                                                \
    X(TACTIC, "tactic", "战术")                                                                    \
    X(TECHNIQUE, "technique", "技术编号")                                                          \
    X(TIME, "time", "时间")                                                                        \
    X(USER, "user", "用户")                                                                        \
    X(COMPUTER, "computer", "计算机")                                                              \
    X(PROCESS, "process", "进程")                                                                  \
    X(TARGET, "target", "目标")                                                                    \
    X(ENTROPY, "entropy", "熵")                                                                    \
    X(SUBJECT, "subject", "主体")                                                                  \
    X(ISSUER, "issuer", "颁发者")                                                                  \
    X(SERIAL, "serial number", "序列号")                                                           \
    X(JA3, "JA3", "JA3")                                                                           \
    X(SNI, "SNI", "SNI")                                                                           \
    X(ARCH, "architecture", "架构")                                                                \
    X(AUTHOR, "author", "作者")                                                                    \
    X(DATA, "data", "数据")                                                                        \
    X(ADDRESS, "address", "地址")                                                                  \
    X(CHANNEL, "channel", "日志通道")                                                              \
    X(EVENT_ID, "event id", "事件 ID")                                                             \
    X(RESULT, "result", "结果")                                                                    \
    X(DLL, "library", "DLL")                                                                       \
    X(FAMILY, "family", "家族")

typedef enum select_id {
#define AS_X(id, en, zh) SELECT_##id,
    SELECT_MAP(AS_X)
#undef AS_X
        SELECT_COUNT
} select_id;

const char *select_name(select_id id, as_lang lang);

/* The topic whose attribute it is when the question names no other. */
topic_id select_home(select_id id);

/* Texts that a row has for it, appended as (as_bytes) to `out`; made ones live in the arena. */
as_code select_values(select_id id, const as_row *row, as_arena *a, as_buf *out) AS_CHECKED;

/* --- signs (lexicon.c): what the words of a question say ---------------------------------- */

typedef enum sign_id {
    SIGN_NONE, /* a word that is known to say nothing */
    SIGN_TOPIC,
    SIGN_VERB,
    SIGN_SELECT,
    SIGN_SUPER,
    SIGN_SEVERITY,
    SIGN_PROTOCOL,
    SIGN_BEHAVIOUR, /* by keywords: a behaviour that tools name in signatures */
    SIGN_HOW_MANY,
    SIGN_WHICH,
    SIGN_YES_NO,
    SIGN_WHEN,
    SIGN_NOT,
    SIGN_SAMPLES, /* of many */
    SIGN_SAMPLE,  /* this one */
    SIGN_COMMON,  /* shared */
    SIGN_ALL,     /* all of them */
    SIGN_ONLY,    /* in one alone */
    SIGN_WHO,     /* which process */
    SIGN_PARENT,
    SIGN_CHILD,
    SIGN_RESOLVE,
    SIGN_FINALLY, /* in the end */
    SIGN_SUMMARY,
    SIGN_TIMELINE,
    SIGN_DIFFER,
    SIGN_FAILED,
    SIGN_BY /* what follows acted */
} sign_id;

typedef enum verb_id {
    VERB_NONE,
    VERB_DROP,
    VERB_WRITE,
    VERB_CREATE,
    VERB_DELETE,
    VERB_READ,
    VERB_OPEN,
    VERB_MODIFY,
    VERB_MOVE,
    VERB_COPY,
    VERB_QUERY,
    VERB_CONNECT,
    VERB_RUN,
    VERB_LOAD,
    VERB_INJECT,
    VERB_MATCH,
    VERB_CALL,
    VERB_ENUMERATE,
    VERB_PROBE,
    VERB_REQUEST,
    VERB_USE,
    VERB_LISTEN,
    VERB_END,
    VERB_ACCESS,
    VERB_DOWNLOAD,
    VERB_SEND
} verb_id;

typedef enum super_id {
    SUPER_NONE,
    SUPER_MOST,
    SUPER_LEAST,
    SUPER_LONGEST,
    SUPER_SHORTEST,
    SUPER_BIGGEST,
    SUPER_SMALLEST,
    SUPER_FIRST,
    SUPER_LAST,
    SUPER_HIGHEST,
    SUPER_LOWEST
} super_id;

typedef enum severity_id {
    SEVERITY_ANY,
    SEVERITY_HIGH,
    SEVERITY_SUSPICIOUS,
    SEVERITY_NORMAL
} severity_id;

typedef struct sign {
    sign_id id;
    int arg;           /* topic_id, verb_id ...; TOPIC_KIND: TOPIC_COUNT + as_kind */
    size_t begin, end; /* bytes of the question as it was folded */
    const char *text;  /* keywords of a behaviour */
    bool guessed;      /* a typing error was mended */
} sign;

typedef enum value_how {
    VALUE_IOC,
    VALUE_QUOTED,
    VALUE_WORD,
    VALUE_NUMBER,
    VALUE_EXTENSION
} value_how;

/* Something of the question that stands for itself. */
typedef struct value {
    value_how how;
    as_ioc_type type; /* of an IOC */
    uint16_t port;
    as_bytes text; /* as written */
    as_bytes norm;
    size_t begin, end;
    bool ignored; /* of no row: the word says nothing here */
    bool denied;  /* must not be there */
    bool firm;    /* written as a name: no row has it means that there is none */
} value;

#define SIGNS_MAX  128
#define VALUES_MAX 32

typedef struct as_reading {
    as_bytes question;
    as_bytes folded; /* the same in lower case, byte for byte */
    as_lang lang;
    sign signs[SIGNS_MAX];
    size_t n_signs;
    value values[VALUES_MAX];
    size_t n_values;
} as_reading;

as_code reading_make(as_bytes question, as_arena *a, as_reading *ret, as_err *err) AS_CHECKED;

const sign *reading_find(const as_reading *r, sign_id id); /* the first, or NULL */
bool reading_has(const as_reading *r, sign_id id);
const sign *reading_find_arg(const as_reading *r, sign_id id, int arg); /* of a verb_id ... */
bool reading_has_arg(const as_reading *r, sign_id id, int arg);
bool has_topic(const as_reading *r, topic_id id);

/* The lexicon in the form that words are looked up in; lives in the arena. */
typedef struct lexicon lexicon;

const lexicon *lexicon_make(as_arena *a);

/* The longest entry that begins at word `at` of `words`; 0: none. Its words. */
typedef struct word {
    as_bytes text;  /* stem of a Latin word, or one CJK character, or digits */
    as_bytes whole; /* as it stands */
    size_t begin, end;
    bool latin;
    bool mended; /* text is what a misspelt word was taken for */
} word;

size_t lexicon_match(const lexicon *l, const word *words, size_t n, sign *ret);

/* Mends a word that is no word of the lexicon; false if there is no single candidate. */
bool lexicon_mend(const lexicon *l, word *w);
bool lexicon_knows(const lexicon *l, as_bytes stem);

/* The stem of a folded Latin word, in place: "queries" and "queried" are "quer". */
as_bytes word_stem(as_bytes w);

/* Cuts into words; *ret_n at most `cap`. */
size_t words_cut(as_bytes folded, word *ret, size_t cap);

/* --- plans (plan.c): what is to be done ------------------------------------------------------ */

typedef enum want_id {
    WANT_LIST,
    WANT_EXISTS,
    WANT_COUNT,
    WANT_SELECT,
    WANT_TOP,
    WANT_WHO,
    WANT_PARENT,
    WANT_CHILD,
    WANT_SUMMARY,
    WANT_TIMELINE,
    WANT_SAMPLES_WITH,
    WANT_SAMPLES_COUNT,
    WANT_SHARED,
    WANT_UNIQUE,
    WANT_COMPARE,
    WANT_TOP_VALUE,
    WANT_TOP_SAMPLE,
    WANT_SAMPLES,
    WANT_SEARCH
} want_id;

const char *want_name(want_id w);

#define PLAN_TOPICS 4

typedef struct as_plan {
    want_id want;
    topic_id topic;
    as_kind kind; /* of TOPIC_KIND */
    struct {
        topic_id topic;
        bool denied;
    } topics[PLAN_TOPICS]; /* conditions on samples, where there are several */
    size_t n_topics;
    topic_id other; /* joined with it: the topic after it, e.g. of "which process" */
    select_id select;
    select_id more[4]; /* further ones that are asked for beside it */
    size_t n_more;
    select_id numbered; /* the attribute that a number of the question is of */
    select_id named;    /* of a configuration: part of the value's name */
    super_id super;
    severity_id severity;
    bool negated;
    bool yes_no;
    int more_or_less; /* 1: of two the one that has more; -1: less */
    bool many;        /* about samples, not one */
    bool all;         /* shared by all */
    bool every;       /* of any sample at all */
    bool finally;
    bool distinct;          /* what is counted are different values */
    const as_bytes *hit_by; /* only what has one of these SHA-256 */
    size_t n_hit_by;
    int protocol;          /* 6, 17, 1, or -1 */
    const char *behaviour; /* keywords, '|' between */
    as_bytes behaviour_name;
    value *filters[VALUES_MAX];
    size_t n_filters;
    value *actor; /* the process that did it */
    as_lang lang;
} as_plan;

/* The topic that a verb makes of a topic: files that were dropped (verbs.c). */
topic_id topic_of_verb(topic_id about, int verb);

void plan_make(as_reading *r, bool sample_given, as_plan *ret);
void plan_drop_filter(as_plan *p, size_t at);

/* --- finds: rows that answer ------------------------------------------------------------------ */

typedef struct find {
    as_bytes value, text;
    as_bytes key;
    uint64_t count; /* rows, or what they say that they count */
    double number;  /* what a superlative compares */
    bool has_number;
    double size;  /* bytes of all behind it: of equals the bigger comes first */
    int64_t term; /* of the store; 0: none */
    const as_row *rows[AS_ASK_CITATIONS];
    size_t n_rows;
} find;

typedef struct finds {
    find *p;
    size_t n, cap;
    uint32_t *slots; /* 1 + number of a find, by its key */
    size_t n_slots;
    uint64_t seed;
} finds;

/* One job: a question being answered. */
typedef struct job {
    as_store *store;
    as_arena *arena;
    as_err *err;
    as_reading reading;
    as_plan plan;
    as_bytes question;
    as_dense_fn *dense;
    void *dense_ctx;
    as_lang lang;
    int64_t sample; /* 0: all */
    as_bytes sample_sha256;
    bool sought_abilities;   /* among what a tool found the code to be able to do */
    bool starved;            /* memory ran out where nothing could be said: there is no answer */
    bool is_log;             /* all its documents are event logs */
    const as_document *docs; /* of the sample */
    size_t n_docs;
    as_row *processes; /* of the sample, once they are asked for */
    size_t n_processes;
    bool have_processes;
    finds equals;   /* what a superlative fits as well, but for its bytes */
    size_t fitting; /* rows that fit before their actors were asked for */
    as_buf trace;   /* lines */
    as_answer *answer;
} job;

void job_trace(job *j, const char *fmt, ...) AS_PRINTF(2, 3);

/* gather.c: rows of the plan's topic that pass its filters, as finds. */
/* p->topic becomes the one that had them, where another says it better. */
as_code gather(job *j, as_plan *p, finds *ret) AS_CHECKED;
as_code gather_rows(job *j, const as_plan *p, as_row **ret, size_t *ret_n) AS_CHECKED;

/* The process that a row is of, or NULL; its name for a person. */
const as_row *row_process(job *j, const as_row *row);
as_bytes process_name(job *j, const as_row *process);

as_code finds_add(job *j, finds *f, const as_row *row, as_bytes value, as_bytes text, as_bytes key,
                  uint64_t weight) AS_CHECKED;
as_bytes item_text(job *j, const topic *t, const as_row *row, as_bytes value);
as_bytes row_value(job *j, const topic *t, const as_row *row);
severity_id row_severity(const as_row *row);

find *finds_find(finds *f, job *j, as_bytes key); /* that was added with the key; NULL */
/* conditions.c: whether a row is what the plan asks for. */
as_bytes text_folded(job *j, as_bytes text);
bool plan_passes(job *j, const as_plan *p, const as_row *row);
size_t plan_kinds(const as_plan *p, as_kind kinds[TOPIC_KINDS]);
topic_id next_best(const job *j, topic_id id); /* TOPIC_NONE: there is none */
bool was_started(const as_row *row);
bool is_event(topic_id id); /* what happens, and may again; the rest are things */
bool row_lacks_value(const topic *t, const as_row *row);
void load_processes(job *j);
bool is_process(job *j, const as_row *process, value *v);

/* actor.c */
as_code answer_actor(job *j) AS_CHECKED;
as_code actor_add(job *j, finds *f, const as_row *row, uint64_t weight) AS_CHECKED;
bool trace_lasted(job *j, const as_row *row, double *ret); /* seconds, by the calls of a process */
bool finally_joined(const as_plan *p, const as_reading *r);
as_code gather_contacted(job *j, finds *ret) AS_CHECKED;
bool moment_of(as_bytes text, double *ret); /* a moment, or seconds of any clock */

/* compare.c */
as_code answer_compare(job *j) AS_CHECKED;
as_code select_rows(job *j, const as_plan *p, finds *f) AS_CHECKED;
bool number_of_text(as_bytes text, double *ret);

/* story.c */
as_code answer_story(job *j) AS_CHECKED;

/* recorded.c: whether any of the documents has room for it. */
typedef enum recorded { RECORDED_NO_TOOL, RECORDED_NO_SECTION, RECORDED_YES } recorded;
recorded recorded_in(const as_document *docs, size_t n, topic_area a);

/* one.c, many.c, search.c */
as_code answer_one(job *j) AS_CHECKED;
as_code answer_many(job *j) AS_CHECKED;
as_code answer_search(job *j) AS_CHECKED;

/* say.c: pieces of sentences. */
bool is_zh(const job *j);
void say_list(const job *j, as_buf *out, const finds *f, size_t from);
void say_unrecorded(const job *j, as_buf *out, topic_area a, recorded why);
void say_conditions(const job *j, as_buf *out, const as_plan *p);
void say_number(const job *j, as_buf *out, const as_plan *p, uint64_t n);
void say_topic(const job *j, as_buf *out, const as_plan *p, bool many);
const char *topic_noun(const job *j, const as_plan *p, uint64_t n);
as_bytes say_done(job *j, as_buf *out);

/* cite.c: the finds become items of the answer, their rows its citations. */
as_code cite_finds(job *j, const finds *f) AS_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
