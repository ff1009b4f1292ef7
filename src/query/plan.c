#include "query/query_priv.h"

#include <string.h>

#include "base/banned.h"

static const char *const wants[] = {
    [WANT_LIST] = "list",
    [WANT_EXISTS] = "exists",
    [WANT_COUNT] = "count",
    [WANT_SELECT] = "attribute",
    [WANT_TOP] = "superlative",
    [WANT_WHO] = "actor",
    [WANT_PARENT] = "parent",
    [WANT_CHILD] = "children",
    [WANT_SUMMARY] = "summary",
    [WANT_TIMELINE] = "timeline",
    [WANT_SAMPLES_WITH] = "samples_with",
    [WANT_SAMPLES_COUNT] = "samples_count",
    [WANT_SHARED] = "shared",
    [WANT_UNIQUE] = "unique",
    [WANT_COMPARE] = "compare",
    [WANT_TOP_VALUE] = "superlative_value",
    [WANT_TOP_SAMPLE] = "superlative_sample",
    [WANT_SAMPLES] = "samples",
    [WANT_SEARCH] = "search",
};

const char *want_name(want_id w)
{
    return wants[w];
}

/* --- which topic ------------------------------------------------------------------------- */

static bool says_little(int about)
{
    return about >= TOPIC_COUNT || about == TOPIC_SIGNATURE || about == TOPIC_PROCESS ||
           about == TOPIC_RUN || about == TOPIC_NETWORK || about == TOPIC_WINDOWS_EVENT ||
           about == TOPIC_VERDICT || about == TOPIC_SCORE || about == TOPIC_FILE;
}

static const sign *topic_behind(const as_reading *r, const sign *asker)
{
    for (size_t i = 0; asker && i < r->n_signs; i++) {
        if (r->signs[i].id == SIGN_TOPIC && r->signs[i].begin >= asker->end)
            return &r->signs[i];
    }
    return NULL;
}

/*
 * What is asked for stands behind "which" or "how many", in both languages; else it is what
 * says most.
 */
static const sign *main_topic(const as_reading *r)
{
    const sign *many = reading_find(r, SIGN_HOW_MANY), *which = reading_find(r, SIGN_WHICH);
    const sign *best = topic_behind(r, many ? many : which);

    if (best)
        return best;
    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id == SIGN_TOPIC && (!best || (says_little(best->arg) && !says_little(s->arg))))
            best = s;
    }
    return best;
}

static int nearest_verb(const as_reading *r, const sign *about)
{
    const sign *best = NULL;
    size_t far = SIZE_MAX;

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];
        size_t d;

        if (s->id != SIGN_VERB || (s->arg == VERB_CALL && about && about->arg != TOPIC_API))
            continue; /* "a file called x" calls nothing */
        d = !about ? i : s->begin > about->begin ? s->begin - about->end : about->begin - s->end;
        /* "use" and "run" are said of everything. */
        if (s->arg == VERB_USE || s->arg == VERB_RUN)
            d += 1000;
        if (d < far) {
            far = d;
            best = s;
        }
    }
    return best ? best->arg : VERB_NONE;
}

static void take_topic(as_plan *p, const sign *s)
{
    if (!s) {
        p->topic = TOPIC_NONE;
    } else if (s->arg >= TOPIC_COUNT) {
        p->topic = TOPIC_KIND;
        p->kind = (as_kind)(s->arg - TOPIC_COUNT);
    } else {
        p->topic = (topic_id)s->arg;
    }
}

/* "folder" is an attribute of files, and with a verb a thing of its own. */
static topic_id folder_topic(const as_reading *r, int verb)
{
    if (!reading_has_arg(r, SIGN_SELECT, SELECT_FOLDER))
        return TOPIC_NONE;
    switch (verb) {
    case VERB_CREATE:
        return TOPIC_DIR_CREATED;
    case VERB_DELETE:
        return TOPIC_DIR_REMOVED;
    case VERB_ENUMERATE:
        return TOPIC_DIR_LISTED;
    default:
        return TOPIC_NONE;
    }
}

static bool has_value_of(const as_reading *r, as_ioc_type type)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (r->values[i].how == VALUE_IOC && r->values[i].type == type)
            return true;
    }
    return false;
}

bool has_topic(const as_reading *r, topic_id id)
{
    return reading_has_arg(r, SIGN_TOPIC, (int)id);
}

static bool speaks_of_logs(const as_reading *r)
{
    return as_bytes_has_nocase(r->folded, "log") || as_bytes_has_nocase(r->folded, "日志");
}

/* Two topics of which each narrows the other, and one of them is meant. */
static void join_topics(as_plan *p, const as_reading *r, int verb)
{
    if (p->topic == TOPIC_IP && has_topic(r, TOPIC_HTTP)) {
        p->topic = TOPIC_HTTP;
        p->select = SELECT_HOSTNAME;
    } else if (p->topic == TOPIC_IP && has_topic(r, TOPIC_LOGON)) {
        p->topic = TOPIC_LOGON;
        p->select = SELECT_SOURCE;
    } else if ((p->topic == TOPIC_USER || p->topic == TOPIC_ACCOUNT) && has_topic(r, TOPIC_LOGON)) {
        p->topic = TOPIC_LOGON;
        p->select = SELECT_USER;
    } else if (p->topic == TOPIC_MODULE && has_topic(r, TOPIC_IMPORT)) {
        p->topic = TOPIC_IMPORTED_DLL;
    } else if ((p->topic == TOPIC_PROCESS || p->topic == TOPIC_SERVICE_STARTED) &&
               has_topic(r, TOPIC_SERVICE) &&
               (p->topic == TOPIC_PROCESS || reading_has(r, SIGN_WHO))) {
        p->topic = TOPIC_SERVICE;
        p->select = SELECT_PATH;
    } else if (p->topic == TOPIC_MEMORY_REGION && reading_has(r, SIGN_SEVERITY)) {
        p->topic = TOPIC_MEMORY_FINDING;
    } else if (p->topic == TOPIC_CONNECTION && has_topic(r, TOPIC_IP)) {
        p->topic = TOPIC_IP;
    }
    if (verb == VERB_DELETE && speaks_of_logs(r) &&
        (p->topic == TOPIC_FILE_DELETED || p->topic == TOPIC_NONE))
        p->topic = TOPIC_LOG_CLEARED;
}

static void choose_topic(as_plan *p, const as_reading *r)
{
    const sign *s = main_topic(r);
    int verb = nearest_verb(r, s);
    topic_id folder = folder_topic(r, verb);

    take_topic(p, s);
    if (p->topic == TOPIC_NONE && reading_has(r, SIGN_BEHAVIOUR))
        return; /* "can it read the clipboard": what is read is no file */
    if (p->topic == TOPIC_NONE && folder != TOPIC_NONE)
        p->topic = folder;
    else if (p->topic != TOPIC_KIND)
        p->topic = topic_of_verb(p->topic, verb);
    if (reading_has(r, SIGN_FAILED)) {
        if (p->topic == TOPIC_LOGON)
            p->topic = TOPIC_LOGON_FAILED;
        else if (p->topic == TOPIC_CONNECTION)
            p->topic = TOPIC_DEAD_HOST;
        else if (p->topic == TOPIC_FILE)
            p->topic = TOPIC_FILE_FAILED;
    }
    if (reading_has(r, SIGN_RESOLVE) && p->topic != TOPIC_DNS &&
        (p->topic != TOPIC_DOMAIN || has_value_of(r, AS_IOC_DOMAIN) ||
         has_value_of(r, AS_IOC_IPV4)))
        p->topic = TOPIC_DNS_ANSWER;
    join_topics(p, r, verb);
    /* "the IP of evil.com" is what the name was resolved to. */
    if (p->topic == TOPIC_IP && has_topic(r, TOPIC_IP) && has_value_of(r, AS_IOC_DOMAIN) &&
        !reading_has_arg(r, SIGN_VERB, VERB_CONNECT))
        p->topic = TOPIC_DNS_ANSWER;
    /* "contacted evil.com": a name is no address, and none would have it. */
    if (p->topic == TOPIC_IP && !has_topic(r, TOPIC_IP) && !has_value_of(r, AS_IOC_IPV4)) {
        if (has_value_of(r, AS_IOC_URL))
            p->topic = TOPIC_HTTP;
        else if (has_value_of(r, AS_IOC_DOMAIN))
            p->topic = TOPIC_DOMAIN;
    }
    if (p->topic == TOPIC_NONE && reading_has(r, SIGN_SEVERITY))
        p->topic = TOPIC_SIGNATURE;
}

/* The other topic of a join: what the process of "which process" did. */
static void choose_other(as_plan *p, const as_reading *r)
{
    const sign *best = NULL;
    int verb;

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id == SIGN_TOPIC && s->arg != TOPIC_PROCESS && s->arg < TOPIC_COUNT && !best)
            best = s;
    }
    verb = nearest_verb(r, best);
    p->other = topic_of_verb(best ? (topic_id)best->arg : TOPIC_NONE, verb);
    /* Who "opened lsass.exe" opened a process; a file is told by its path. */
    if (p->other == TOPIC_FILE_OPENED && !best && !has_value_of(r, AS_IOC_WINDOWS_PATH))
        p->other = TOPIC_PROCESS_ACCESS;
    if (p->other == TOPIC_NONE && verb == VERB_ACCESS)
        p->other = TOPIC_PROCESS_ACCESS;
    if (has_topic(r, TOPIC_YARA) && p->topic != TOPIC_YARA && !reading_has(r, SIGN_WHO))
        p->other = TOPIC_YARA;
    if (p->other == TOPIC_PROCESS)
        p->other = TOPIC_NONE;
}

static bool is_meiyou(const as_reading *r, const sign *s)
{
    return s->end - s->begin == 6 &&
           memcmp(r->folded.p + s->begin, "\xe6\xb2\xa1\xe6\x9c\x89", 6) == 0;
}

/* A particle that ends a question asks, and denies nothing: "... mei?", "... mei you?". */
static bool ends_question(const as_reading *r, const sign *s)
{
    for (size_t i = s->end; i < r->folded.n; i++) {
        uint8_t c = r->folded.p[i];

        if (c != ' ' && c != '?' && c != '.' && c != 0xef && c != 0xbc && c != 0x9f)
            return false;
    }
    return r->folded.p[s->begin] >= 0x80;
}

static bool is_negated(const as_reading *r)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if ((s->id == SIGN_NOT || (s->id == SIGN_YES_NO && is_meiyou(r, s))) &&
            !ends_question(r, s))
            return true;
    }
    return false;
}

/* --- attributes and conditions ----------------------------------------------------------- */

static void choose_behaviour(as_plan *p, as_reading *r)
{
    const sign *s = reading_find(r, SIGN_BEHAVIOUR);
    bool other = p->topic != TOPIC_NONE && p->topic != TOPIC_SIGNATURE &&
                 p->topic != TOPIC_CAPABILITY && p->topic != TOPIC_TECHNIQUE &&
                 p->topic != TOPIC_PROCESS;

    if (!s)
        return;
    if (strncmp(s->text, "powershell", 10) == 0 && (other || p->topic == TOPIC_PROCESS)) {
        /* It is a program then, and what is asked for is what it did. */
        if (r->n_values < VALUES_MAX) {
            value *v = &r->values[r->n_values++];

            *v = (value){.how = VALUE_WORD,
                         .text = {r->folded.p + s->begin, s->end - s->begin},
                         .begin = s->begin,
                         .end = s->end};
            v->norm = v->text;
        }
        return;
    }
    if (other)
        return;
    p->topic =
        p->topic == TOPIC_CAPABILITY || p->topic == TOPIC_TECHNIQUE ? p->topic : TOPIC_BEHAVIOUR;
    p->behaviour = s->text;
    p->behaviour_name = (as_bytes){r->folded.p + s->begin, s->end - s->begin};
}

/* Words that name an attribute but also serve in other ways. */
static bool is_weak(int select)
{
    return select == SELECT_NAME || select == SELECT_TIME || select == SELECT_PATH ||
           select == SELECT_FOLDER || select == SELECT_MACHINE || select == SELECT_CATEGORY ||
           select == SELECT_TYPE || select == SELECT_TOOL;
}

/* What only a run has: beside another topic the word means something else. */
static bool is_of_run(select_id s)
{
    return s == SELECT_MACHINE || s == SELECT_PLATFORM || s == SELECT_ROUTE || s == SELECT_TOOL ||
           s == SELECT_PACKAGE || s == SELECT_ANALYSIS_ID;
}

/* "the SHA-256 hash" is one hash. */
static void drop_general_hash(as_plan *p)
{
    size_t n = 0;

    if (p->select == SELECT_HASHES && p->n_more > 0) {
        p->select = p->more[0];
        memmove(&p->more[0], &p->more[1], (p->n_more - 1) * sizeof(p->more[0]));
        p->n_more--;
    }
    for (size_t i = 0; i < p->n_more; i++) {
        if (p->more[i] != SELECT_HASHES)
            p->more[n++] = p->more[i];
    }
    p->n_more = n;
}

/* Of a file the name is a part; of most else it is the thing itself. */
static bool has_files(const as_plan *p)
{
    return p->topic == TOPIC_NONE || p->topic == TOPIC_SAMPLE || p->topic == TOPIC_DROPPED ||
           (p->topic >= TOPIC_FILE && p->topic <= TOPIC_FILE_PROBED) || p->topic == TOPIC_MODULE ||
           p->topic == TOPIC_PAYLOAD || p->topic == TOPIC_DUMP || p->topic == TOPIC_EXTRACTED;
}

static void choose_select(as_plan *p, const as_reading *r)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id != SIGN_SELECT)
            continue;
        if (p->select == SELECT_NONE || (is_weak((int)p->select) && !is_weak(s->arg)))
            p->select = (select_id)s->arg;
        else if (!is_weak(s->arg) && (int)p->select != s->arg && p->n_more < AS_COUNT(p->more))
            p->more[p->n_more++] = (select_id)s->arg;
    }
    /* Where a severity is a condition, it is none of the attributes. */
    if (p->select == SELECT_SEVERITY && reading_has(r, SIGN_SEVERITY))
        p->select = SELECT_NONE;
    if (p->select == SELECT_NAME && !has_files(p))
        p->select = SELECT_NONE;
    if (is_of_run(p->select) && reading_has(r, SIGN_TOPIC) && p->topic != TOPIC_NONE &&
        p->topic != TOPIC_SAMPLE && p->topic != TOPIC_RUN)
        p->select = SELECT_NONE;
    if (p->select == SELECT_NONE && p->topic != TOPIC_SCORE && p->topic != TOPIC_NONE &&
        has_topic(r, TOPIC_SCORE))
        p->select = SELECT_SCORE;
    drop_general_hash(p);
    if (p->topic == TOPIC_DIR_CREATED || p->topic == TOPIC_DIR_REMOVED ||
        p->topic == TOPIC_DIR_LISTED) {
        if (p->select == SELECT_FOLDER || p->select == SELECT_PATH)
            p->select = SELECT_NONE;
    }
    if (p->topic == TOPIC_COMMAND && p->select == SELECT_COMMAND_LINE)
        p->select = SELECT_NONE;
}

static void choose_super(as_plan *p, const as_reading *r)
{
    const sign *s = reading_find(r, SIGN_SUPER);

    if (s)
        p->super = (super_id)s->arg;
    p->finally = reading_has(r, SIGN_FINALLY);
    if (p->finally && !s)
        p->super = SUPER_LAST;
}

static void choose_filters(as_plan *p, as_reading *r)
{
    const sign *s = reading_find(r, SIGN_SEVERITY);

    if (s && (p->topic == TOPIC_SIGNATURE || p->topic == TOPIC_IDS || p->topic == TOPIC_SIGMA ||
              p->topic == TOPIC_CAPABILITY))
        p->severity = (severity_id)s->arg;
    s = reading_find(r, SIGN_PROTOCOL);
    p->protocol = s                                       ? s->arg
                  : as_bytes_has_nocase(r->folded, "tcp") ? 6
                  : as_bytes_has_nocase(r->folded, "udp") ? 17
                                                          : -1;
    for (size_t i = 0; i < r->n_values; i++)
        p->filters[p->n_filters++] = &r->values[i];
}

/* A number belongs to the attribute that it stands beside, or to nothing. */
static void drop_idle_numbers(as_plan *p)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_filters; i++) {
        bool number = p->filters[i]->how == VALUE_NUMBER;

        if (!number || p->select == SELECT_PID || p->select == SELECT_PORT ||
            p->select == SELECT_EVENT_ID || p->select == SELECT_PPID ||
            p->select == SELECT_SOURCE_PORT || p->select == SELECT_SCORE ||
            p->select == SELECT_SEVERITY || p->topic == TOPIC_PROCESS ||
            p->topic == TOPIC_WINDOWS_EVENT || p->other == TOPIC_CONNECTION)
            p->filters[n++] = p->filters[i];
        else
            p->filters[i]->ignored = true; /* "in 2021": told as not understood */
    }
    p->n_filters = n;
    for (size_t i = 0; i < n; i++) {
        if (p->filters[i]->how == VALUE_NUMBER && p->select != SELECT_NONE) {
            /* "a score of 50": the attribute is told, and no more asked for. */
            p->numbered = p->select;
            p->select = SELECT_NONE;
        }
    }
}

/* A negation holds for what stands behind it, if something stands before it that does not. */
static void deny_filters(as_plan *p, const as_reading *r)
{
    const sign *no = NULL;
    bool before = false;

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id == SIGN_NOT || (s->id == SIGN_YES_NO && is_meiyou(r, s)))
            no = s;
    }
    for (size_t i = 0; no && i < p->n_filters; i++)
        before = before || p->filters[i]->end <= no->begin;
    if (!before)
        return;
    for (size_t i = 0; i < p->n_filters; i++) {
        if (p->filters[i]->begin >= no->end) {
            p->filters[i]->denied = true;
            p->negated = false;
        }
    }
}

/* --- what is wanted ---------------------------------------------------------------------- */

/* What kind of question it is is said by the first of the words that ask. */
static bool asks_yes_no_first(const as_reading *r)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        switch ((int)r->signs[i].id) {
        case SIGN_YES_NO:
            return true;
        case SIGN_WHICH:
        case SIGN_HOW_MANY:
        case SIGN_SAMPLES:
        case SIGN_WHO:
        case SIGN_WHEN:
        case SIGN_SELECT:
        case SIGN_SUPER:
            return false;
        default:
            break;
        }
    }
    return false;
}

/* Chinese asks with a word anywhere, unless another word asks for more. */
static bool is_yes_no(const as_reading *r)
{
    const sign *no = reading_find(r, SIGN_NOT);

    if (!reading_has(r, SIGN_YES_NO) && !(no && ends_question(r, no)))
        return false;
    if (r->lang == AS_LANG_EN)
        return asks_yes_no_first(r);
    return !reading_has(r, SIGN_WHICH) && !reading_has(r, SIGN_HOW_MANY) &&
           !reading_has(r, SIGN_WHO) && !reading_has(r, SIGN_SUPER);
}

/* "which samples", "how many samples": samples are wanted, not what they have. */
static bool asks_for_samples(const as_reading *r)
{
    static const char *const heads[] = {"which",
                                        "what",
                                        "\xe5\x93\xaa",
                                        "\xe9\x82\xa3\xe4\xba\x9b",
                                        "\xe5\xa4\x9a\xe5\xb0\x91",
                                        "\xe5\x87\xa0",
                                        "\xe4\xbb\x80\xe4\xb9\x88"};
    const sign *s = reading_find(r, SIGN_SAMPLES), *many = reading_find(r, SIGN_HOW_MANY);

    if (!s)
        return false;
    if (s->arg == 1)
        return true;
    for (size_t i = 0; i < AS_COUNT(heads); i++) {
        if (s->end - s->begin > strlen(heads[i]) &&
            memcmp(r->folded.p + s->begin, heads[i], strlen(heads[i])) == 0)
            return true;
    }
    return many && many->end <= s->begin && s->begin - many->end <= 1;
}

/* Values that can only be samples: whole hashes. */
static size_t named_samples(const as_reading *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n_values; i++)
        n += r->values[i].how == VALUE_IOC && r->values[i].type <= AS_IOC_SHA256;
    return n;
}

/* "duoshao ge yangben" is one word of the lexicon. */
static bool counts_samples(const as_reading *r)
{
    const sign *s = reading_find(r, SIGN_SAMPLES);
    as_bytes text = s ? (as_bytes){r->folded.p + s->begin, s->end - s->begin} : (as_bytes){0};

    return as_bytes_has_nocase(text, "多少") || as_bytes_has_nocase(text, "几");
}

/* "In only one sample" is one word of the lexicon, too. */
static bool wants_only(const as_reading *r)
{
    const sign *s = reading_find(r, SIGN_SAMPLES);
    as_bytes text = s ? (as_bytes){r->folded.p + s->begin, s->end - s->begin} : (as_bytes){0};

    return reading_has(r, SIGN_ONLY) || as_bytes_has_nocase(text, "一个样本") ||
           as_bytes_has_nocase(text, "single") ||
           (as_bytes_has_nocase(text, "one") && !as_bytes_has_nocase(text, "more"));
}

/* Several things that a sample has or lacks: each is a condition. */
static void choose_topics(as_plan *p, const as_reading *r)
{
    bool denied = false, neither = as_bytes_has_nocase(r->folded, "neither");

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];
        topic_id id;
        bool there = false;

        if (s->id == SIGN_NOT || (s->id == SIGN_YES_NO && is_meiyou(r, s)))
            denied = true;
        if (s->id != SIGN_TOPIC || s->arg >= TOPIC_COUNT || s->arg == TOPIC_SIGNATURE)
            continue;
        id = topic_of_verb((topic_id)s->arg, nearest_verb(r, s));
        for (size_t k = 0; k < p->n_topics; k++)
            there = there || p->topics[k].topic == id;
        if (there || p->n_topics == PLAN_TOPICS)
            continue;
        p->topics[p->n_topics].topic = id;
        p->topics[p->n_topics++].denied = denied || neither;
    }
    if (p->n_topics > 1 && p->n_filters == 0)
        p->negated = false;
}

static want_id want_of_many(as_plan *p, const as_reading *r)
{
    bool about = p->topic != TOPIC_NONE && p->topic != TOPIC_SAMPLE;
    bool samples = asks_for_samples(r);

    p->all = reading_has(r, SIGN_ALL);
    p->many = true;
    if (named_samples(r) >= 2 && (p->select != SELECT_NONE || reading_has(r, SIGN_DIFFER) ||
                                  reading_has(r, SIGN_COMMON) || p->more_or_less))
        return WANT_COMPARE;
    if (reading_has(r, SIGN_TIMELINE))
        return WANT_TIMELINE;
    /* "Which sample is the largest file", "ran the longest": the sample itself. */
    if (samples && p->super != SUPER_NONE && p->super != SUPER_MOST && p->super != SUPER_LEAST &&
        (p->topic == TOPIC_FILE || p->topic == TOPIC_PROCESS || p->topic == TOPIC_RUN)) {
        p->topic = TOPIC_NONE;
        about = false;
    }
    if (p->super != SUPER_NONE)
        return samples || !about ? WANT_TOP_SAMPLE : WANT_TOP_VALUE;
    choose_topics(p, r);
    /* "Which samples have a mutex in common" wants what it is, and how many have it. */
    if (samples && about && p->n_filters == 0 && reading_has(r, SIGN_COMMON) && p->n_topics < 2)
        return WANT_SHARED;
    if (samples && (about || p->n_filters > 0))
        return reading_has(r, SIGN_HOW_MANY) || counts_samples(r) ? WANT_SAMPLES_COUNT
                                                                  : WANT_SAMPLES_WITH;
    if (wants_only(r) && about && !samples && p->n_filters <= 1 && named_samples(r) == p->n_filters)
        return WANT_UNIQUE;
    if ((reading_has(r, SIGN_COMMON) || p->all) && p->n_filters == 0 &&
        (about || reading_has(r, SIGN_COMMON)))
        return WANT_SHARED;
    if (samples && reading_has(r, SIGN_HOW_MANY))
        return WANT_SAMPLES_COUNT;
    if (about && p->n_filters == 0 && !is_yes_no(r)) {
        p->every = true;
        return WANT_SHARED; /* of one sample or more: all there are */
    }
    if (about || p->n_filters > 0)
        return WANT_SAMPLES_WITH;
    return reading_has(r, SIGN_HOW_MANY) ? WANT_SAMPLES_COUNT : WANT_SAMPLES;
}

/* Whether something else than processes is spoken of, so that "which process" asks for who. */
static bool asks_for_actor(const as_plan *p, const as_reading *r)
{
    const sign *verb = NULL;
    bool other = false;

    for (size_t i = 0; i < r->n_signs; i++) {
        if (r->signs[i].id == SIGN_VERB)
            verb = &r->signs[i];
        other = other || (r->signs[i].id == SIGN_TOPIC && r->signs[i].arg != TOPIC_PROCESS);
    }
    /* "What processes does it create" lists processes. */
    if (!other && r->n_values == 0 &&
        (!verb || verb->arg == VERB_CREATE || verb->arg == VERB_RUN || verb->arg == VERB_USE))
        return false;
    if (!reading_has(r, SIGN_WHO) || (p->topic == TOPIC_SERVICE && p->select == SELECT_PATH))
        return false;
    return p->other != TOPIC_NONE && p->other != TOPIC_COMMAND;
}

static bool is_program(const value *v)
{
    return v->how == VALUE_IOC &&
           (v->type == AS_IOC_FILE || v->type == AS_IOC_WINDOWS_PATH ||
            v->type == AS_IOC_UNIX_PATH) &&
           (as_bytes_ends_nocase(v->norm, ".exe") || as_bytes_ends_nocase(v->norm, ".com") ||
            as_bytes_ends_nocase(v->norm, ".scr"));
}

static bool has_program(const as_reading *r)
{
    for (size_t i = 0; i < r->n_values; i++) {
        if (is_program(&r->values[i]))
            return true;
    }
    return false;
}

/* "was x created", "x bei chuangjian": what stands before the verb had it done to it. */
static bool is_passive(const as_reading *r)
{
    static const char *const heads[] = {"was ", "were ", "is ", "are ", "has "};

    for (size_t i = 0; i < AS_COUNT(heads); i++) {
        if (r->folded.n > strlen(heads[i]) && memcmp(r->folded.p, heads[i], strlen(heads[i])) == 0)
            return true;
    }
    return r->lang == AS_LANG_ZH &&
           (as_bytes_has_nocase(r->folded, "被") || as_bytes_has_nocase(r->folded, "由"));
}

/* Whether the value that is named started something, or was started. */
static bool starter_is_named(const as_reading *r)
{
    const sign *run = NULL;

    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];

        if (s->id == SIGN_VERB && (s->arg == VERB_RUN || s->arg == VERB_CREATE))
            run = s;
    }
    const sign *who = reading_find(r, SIGN_WHO);

    if (!run || r->n_values == 0 || r->values[0].end > run->begin || is_passive(r))
        return false;
    /* "x shi shei qidong de": who stands between, so x was started. */
    return !(who && who->begin >= r->values[0].end && who->end <= run->begin + 1);
}

/* "which process started x.exe", "what did x.exe start": one process starts another. */
static bool starts_processes(const as_plan *p, const as_reading *r)
{
    const sign *run = reading_find_arg(r, SIGN_VERB, VERB_RUN);
    bool program = false;

    if (!run)
        run = reading_find_arg(r, SIGN_VERB, VERB_CREATE);
    for (size_t i = 0; i < r->n_values; i++)
        program = program || is_program(&r->values[i]) ||
                  (r->values[i].how == VALUE_NUMBER && reading_has_arg(r, SIGN_SELECT, SELECT_PID));
    if (!run || !program ||
        (run->arg == VERB_CREATE && !has_topic(r, TOPIC_PROCESS) && !reading_has(r, SIGN_WHO)))
        return false;
    if (p->topic != TOPIC_PROCESS && p->topic != TOPIC_NONE && p->topic != TOPIC_PROCESS_ACCESS)
        return false;
    return reading_has(r, SIGN_WHO) ||
           (reading_has(r, SIGN_WHICH) && p->topic == TOPIC_PROCESS && starter_is_named(r));
}

static want_id want_of_one(as_plan *p, const as_reading *r)
{
    bool about = p->topic != TOPIC_NONE && p->topic != TOPIC_SAMPLE;

    if ((!about || (p->topic == TOPIC_SIGNATURE && !reading_has(r, SIGN_SEVERITY))) &&
        p->select == SELECT_NONE && reading_has(r, SIGN_SUMMARY))
        return WANT_SUMMARY;
    if (reading_has(r, SIGN_TIMELINE))
        return WANT_TIMELINE;
    if (reading_has(r, SIGN_PARENT) && p->select != SELECT_PPID)
        return WANT_PARENT;
    if (reading_has(r, SIGN_CHILD))
        return WANT_CHILD;
    if (starts_processes(p, r)) {
        p->select = SELECT_NONE;
        p->topic = TOPIC_PROCESS;
        return starter_is_named(r) ? WANT_CHILD : WANT_PARENT;
    }
    if (asks_for_actor(p, r)) {
        p->topic = p->other;
        p->select = SELECT_NONE;
        return p->super == SUPER_MOST || p->super == SUPER_LEAST ? WANT_TOP : WANT_WHO;
    }
    if (reading_has(r, SIGN_HOW_MANY) &&
        !(p->select == SELECT_DURATION || (p->select == SELECT_SIZE && !about)))
        return WANT_COUNT;
    if (p->super != SUPER_NONE && (about || p->select != SELECT_NONE) && !finally_joined(p, r))
        return WANT_TOP;
    if (is_yes_no(r) && (about || p->n_filters > 0))
        return WANT_EXISTS;
    if (p->select != SELECT_NONE)
        return WANT_SELECT;
    if (!about && p->n_filters == 0)
        return reading_has(r, SIGN_SAMPLE) && r->n_signs <= 3 ? WANT_SUMMARY : WANT_SEARCH;
    return about ? WANT_LIST : WANT_SEARCH;
}

void plan_drop_filter(as_plan *p, size_t at)
{
    for (size_t i = at + 1; i < p->n_filters; i++)
        p->filters[i - 1] = p->filters[i];
    p->n_filters--;
}

/* --- the actor --------------------------------------------------------------------------- */

/* "by x.exe", "process 1234", "x.exe wrote": the value is who did it. */
static bool acts(const as_reading *r, const value *v)
{
    for (size_t i = 0; i < r->n_signs; i++) {
        const sign *s = &r->signs[i];
        bool beside = v->begin >= s->end && v->begin - s->end <= 8;

        if (s->id == SIGN_BY && beside)
            return true;
        if (s->id == SIGN_TOPIC && s->arg == TOPIC_PROCESS &&
            (beside || (s->begin >= v->end && s->begin - v->end <= 4)))
            return true;
        if (s->id == SIGN_SELECT && s->arg == SELECT_PID && beside)
            return true;
        if (s->id == SIGN_VERB && !is_passive(r) && s->begin >= v->end &&
            (is_program(v) || v->how == VALUE_WORD || v->how == VALUE_NUMBER))
            return true;
    }
    return false;
}

static void choose_actor(as_plan *p, const as_reading *r)
{
    if (p->topic == TOPIC_PROCESS || p->want == WANT_WHO || p->want == WANT_PARENT ||
        p->want == WANT_CHILD || p->topic == TOPIC_NONE || p->topic == TOPIC_SAMPLE || p->many)
        return;
    for (size_t i = 0; i < p->n_filters && !p->actor; i++) {
        value *v = p->filters[i];

        if (v->firm && v->how == VALUE_WORD && is_passive(r))
            continue;
        if (!is_program(v) && (p->topic == TOPIC_SERVICE || p->topic == TOPIC_SERVICE_CREATED ||
                               p->topic == TOPIC_SERVICE_STARTED || p->topic == TOPIC_TASK))
            continue; /* its own name */
        if (!acts(r, v) && !(is_program(v) && p->topic != TOPIC_MODULE && p->want != WANT_EXISTS &&
                             !is_passive(r)))
            continue;
        p->actor = v;
        plan_drop_filter(p, i);
    }
}

/* "Took longer", "has more": -1 for less, 1 for more, 0 for neither. */
static int compares(const as_reading *r)
{
    static const char *const more[] = {"longer", "more", "bigger", "larger", "higher", "later",
                                       "更多",   "更大", "更长",   "更久",   "更高",   "更晚"};
    static const char *const less[] = {"shorter", "fewer", "less", "smaller", "lower", "earlier",
                                       "更少",    "更小",  "更短", "更低",    "更早"};

    for (size_t i = 0; i < AS_COUNT(more); i++) {
        if (as_bytes_has_nocase(r->folded, more[i]))
            return 1;
    }
    for (size_t i = 0; i < AS_COUNT(less); i++) {
        if (as_bytes_has_nocase(r->folded, less[i]))
            return -1;
    }
    return 0;
}

/* "yara?" wants to know whether, and which. */
static bool is_bare(const as_reading *r)
{
    as_bytes b = r->folded;
    bool mark = b.n > 0 && (b.p[b.n - 1] == '?' || as_bytes_ends_nocase(b, "\xef\xbc\x9f"));

    for (size_t i = 0; i < r->n_signs; i++) {
        sign_id id = r->signs[i].id;

        if (id == SIGN_WHICH || id == SIGN_VERB || id == SIGN_SELECT || id == SIGN_HOW_MANY ||
            id == SIGN_WHO || id == SIGN_SUPER || id == SIGN_RESOLVE || id == SIGN_SAMPLES)
            return false;
    }
    return mark;
}

/* "the type of the file": the sample is meant where no verb says which file. */
static void settle_topic(as_plan *p, const as_reading *r)
{
    bool identity = p->select != SELECT_NONE && select_home(p->select) == TOPIC_SAMPLE &&
                    p->select != SELECT_EXTENSION && p->select != SELECT_TIME;

    if (p->topic == TOPIC_FILE && p->want == WANT_SELECT && identity && p->n_filters == 0)
        p->topic = TOPIC_SAMPLE;
    if ((p->topic == TOPIC_NONE || p->topic == TOPIC_SAMPLE) && p->select != SELECT_NONE &&
        !p->many)
        p->topic = select_home(p->select);
    /* "how long did it run", "which tool made the report": no noun says of what else. */
    if ((p->select == SELECT_DURATION || p->select == SELECT_TOOL || p->select == SELECT_STARTED) &&
        !reading_has(r, SIGN_TOPIC) && !has_program(r) && !p->many &&
        (p->want == WANT_SELECT || p->want == WANT_WHO || p->want == WANT_LIST)) {
        p->topic = TOPIC_RUN;
        p->want = WANT_SELECT;
    }
    if ((p->topic == TOPIC_USER || p->topic == TOPIC_ACCOUNT) && has_program(r)) {
        p->topic = TOPIC_PROCESS;
        p->select = SELECT_USER;
        p->want = WANT_SELECT;
    }
    if (p->numbered == SELECT_PORT && p->topic == TOPIC_PROCESS)
        p->topic = TOPIC_CONNECTION; /* "did any process connect to port 445" */
    if ((p->topic == TOPIC_CONFIG || p->topic == TOPIC_C2) && p->select != SELECT_NONE &&
        p->select != SELECT_NAME && p->select != SELECT_DATA) {
        p->named = p->select; /* a value of that name */
        p->topic = TOPIC_CONFIG;
        p->select = SELECT_NONE;
        if (p->want == WANT_SELECT)
            p->want = WANT_LIST;
    }
}

void plan_make(as_reading *r, bool sample_given, as_plan *ret)
{
    as_plan p = {.lang = r->lang, .protocol = -1};
    bool many;

    choose_topic(&p, r);
    choose_other(&p, r);
    if (reading_has(r, SIGN_WHO) && (p.topic == TOPIC_NONE || !main_topic(r)))
        p.topic = TOPIC_PROCESS;
    choose_behaviour(&p, r);
    choose_select(&p, r);
    choose_super(&p, r);
    p.negated = is_negated(r);
    choose_filters(&p, r);
    drop_idle_numbers(&p);
    deny_filters(&p, r);
    p.yes_no = is_yes_no(r) || is_bare(r);
    p.more_or_less = compares(r);
    /* Tools grade behaviour, and nothing else. */
    if (reading_has(r, SIGN_SEVERITY) && p.severity == SEVERITY_ANY &&
        (p.topic == TOPIC_PROCESS || p.topic == TOPIC_NETWORK || p.topic == TOPIC_FILE ||
         p.topic == TOPIC_REGISTRY)) {
        p.topic = TOPIC_SIGNATURE;
        p.severity = (severity_id)reading_find(r, SIGN_SEVERITY)->arg;
    }
    many = reading_has(r, SIGN_SAMPLES) || (named_samples(r) >= 2 && p.more_or_less);
    /* A value alone: who has it? */
    if (r->n_signs == 0 && r->n_values > 0 && r->values[0].how == VALUE_IOC && !sample_given) {
        p.many = true;
        p.want = WANT_SAMPLES_WITH;
        *ret = p;
        return;
    }
    p.want = many && !sample_given ? want_of_many(&p, r) : want_of_one(&p, r);
    if (p.many && asks_for_samples(r))
        p.yes_no = false;
    if (p.want == WANT_LIST && p.yes_no)
        p.want = WANT_EXISTS;
    settle_topic(&p, r);
    p.distinct = as_bytes_has_nocase(r->folded, "distinct") ||
                 as_bytes_has_nocase(r->folded, "differ") ||
                 as_bytes_has_nocase(r->folded, "unique") ||
                 as_bytes_has_nocase(r->folded, "不同") || as_bytes_has_nocase(r->folded, "种");
    if (p.topic == TOPIC_NONE && p.want != WANT_PARENT && p.want != WANT_CHILD &&
        (p.numbered == SELECT_PID || p.numbered == SELECT_PPID ||
         (p.want == WANT_COUNT && has_program(r)))) {
        p.topic = TOPIC_PROCESS;
        p.want = p.want == WANT_COUNT ? WANT_COUNT : WANT_LIST;
    }
    if (p.want == WANT_COUNT && p.topic == TOPIC_NONE)
        p.want = WANT_SEARCH;
    choose_actor(&p, r);
    *ret = p;
}
