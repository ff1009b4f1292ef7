#include "query/query_priv.h"

#include "base/banned.h"

#define A(id)        AS_ATTR_##id
#define SELECT_ATTRS 6

/* The attributes that hold it, the better first; -1 ends. What is made of others is in code. */
static const int16_t attrs[SELECT_COUNT][SELECT_ATTRS] = {
    [SELECT_NONE] = {-1},
    [SELECT_NAME] = {A(NAME), A(PROCESS_NAME), A(TITLE), A(SERVICE), -1},
    [SELECT_PATH] = {A(PATH), A(PROCESS_PATH), A(TARGET_PATH), A(MODULE_PATH), -1},
    [SELECT_FOLDER] = {-1},
    [SELECT_EXTENSION] = {-1},
    [SELECT_SIZE] = {A(SIZE), A(RAW_SIZE), A(VIRTUAL_SIZE), -1},
    [SELECT_TYPE] = {A(TYPE), A(JUDGED_TYPE), A(CAPE_TYPE), -1},
    [SELECT_MD5] = {A(MD5), -1},
    [SELECT_SHA1] = {A(SHA1), -1},
    [SELECT_SHA256] = {A(SHA256), -1},
    [SELECT_SHA512] = {A(SHA512), -1},
    [SELECT_SSDEEP] = {A(SSDEEP), -1},
    [SELECT_TLSH] = {A(TLSH), -1},
    [SELECT_CRC32] = {A(CRC32), -1},
    [SELECT_HASHES] = {A(MD5), A(SHA1), A(SHA256), A(SHA512), -1},
    [SELECT_IMPHASH] = {A(IMPHASH), -1},
    [SELECT_COMPILED] = {A(COMPILED), -1},
    [SELECT_ENTRYPOINT] = {A(ENTRYPOINT), -1},
    [SELECT_IMAGEBASE] = {A(IMAGEBASE), -1},
    [SELECT_PDB] = {A(PDB_PATH), -1},
    [SELECT_DURATION] = {A(DURATION), -1},
    [SELECT_STARTED] = {A(STARTED), A(FIRST_SEEN), A(TIME), A(ADDED), -1},
    [SELECT_ENDED] = {A(ENDED), A(LAST_SEEN), -1},
    [SELECT_MACHINE] = {A(MACHINE), A(MACHINE_LABEL), A(ENVIRONMENT), -1},
    [SELECT_PLATFORM] = {A(PLATFORM), A(ENVIRONMENT), A(OS_VERSION), -1},
    [SELECT_PACKAGE] = {A(PACKAGE), -1},
    [SELECT_ROUTE] = {A(ROUTE), -1},
    [SELECT_VERSION] = {A(VERSION), -1},
    [SELECT_ANALYSIS_ID] = {A(ID), -1},
    [SELECT_TOOL] = {-1},
    [SELECT_SOURCE] = {A(SRC), -1},
    [SELECT_SCORE] = {A(SCORE), -1},
    [SELECT_VERDICT] = {A(VERDICT), -1},
    [SELECT_PID] = {A(PID), -1},
    [SELECT_PPID] = {A(PPID), -1},
    [SELECT_COMMAND_LINE] = {A(COMMAND_LINE), A(COMMAND), -1},
    [SELECT_PORT] = {A(DPORT), -1},
    [SELECT_SOURCE_PORT] = {A(SPORT), -1},
    [SELECT_PROTOCOL] = {A(PROTOCOL), -1},
    [SELECT_COUNTRY] = {A(COUNTRY), -1},
    [SELECT_USER_AGENT] = {A(USER_AGENT), -1},
    [SELECT_METHOD] = {A(METHOD), -1},
    [SELECT_STATUS] = {A(STATUS), A(CODE), -1},
    [SELECT_HOSTNAME] = {A(HOSTNAME), A(COMPUTER), -1},
    [SELECT_DESCRIPTION] = {A(DESCRIPTION), -1},
    [SELECT_SEVERITY] = {A(SEVERITY), A(LEVEL), -1},
    [SELECT_CATEGORY] = {A(CATEGORY), A(CLASS), A(NAMESPACE), -1},
    [SELECT_TACTIC] = {A(TACTIC), -1},
    [SELECT_TECHNIQUE] = {A(TECHNIQUE), -1},
    [SELECT_TIME] = {A(TIME), A(FIRST_SEEN), A(STARTED), -1},
    [SELECT_USER] = {A(USER), -1},
    [SELECT_COMPUTER] = {A(COMPUTER), A(HOSTNAME), -1},
    [SELECT_PROCESS] = {A(PROCESS_NAME), A(PROCESS_PATH), -1},
    [SELECT_TARGET] = {A(TARGET_PATH), A(TARGET_PROCESS), A(TO), A(TARGET_PID), -1},
    [SELECT_ENTROPY] = {A(ENTROPY), -1},
    [SELECT_SUBJECT] = {A(SUBJECT), -1},
    [SELECT_ISSUER] = {A(ISSUER), -1},
    [SELECT_SERIAL] = {A(SERIAL), -1},
    [SELECT_JA3] = {A(JA3), -1},
    [SELECT_SNI] = {A(SNI), -1},
    [SELECT_ARCH] = {A(ARCH), -1},
    [SELECT_AUTHOR] = {A(AUTHOR), -1},
    [SELECT_DATA] = {A(VALUE), A(CONTENT), A(TEXT), -1},
    [SELECT_ADDRESS] = {A(ADDRESS), -1},
    [SELECT_CHANNEL] = {A(CHANNEL), -1},
    [SELECT_EVENT_ID] = {A(EVENT_ID), -1},
    [SELECT_RESULT] = {A(RESULT), A(VERDICT), -1},
    [SELECT_DLL] = {A(DLL), -1},
    [SELECT_FAMILY] = {A(FAMILY), -1},
};

static const struct {
    const char *en, *zh;
} names[SELECT_COUNT] = {
#define AS_X(id, en, zh) [SELECT_##id] = {en, zh},
    SELECT_MAP(AS_X)
#undef AS_X
};

const char *select_name(select_id id, as_lang lang)
{
    return lang == AS_LANG_ZH ? names[id].zh : names[id].en;
}

topic_id select_home(select_id id)
{
    switch ((int)id) {
    case SELECT_IMPHASH:
    case SELECT_COMPILED:
    case SELECT_ENTRYPOINT:
    case SELECT_IMAGEBASE:
    case SELECT_PDB:
        return TOPIC_PE;
    case SELECT_DURATION:
    case SELECT_STARTED:
    case SELECT_ENDED:
    case SELECT_MACHINE:
    case SELECT_PLATFORM:
    case SELECT_ROUTE:
    case SELECT_VERSION:
    case SELECT_ANALYSIS_ID:
    case SELECT_TOOL:
        return TOPIC_RUN;
    case SELECT_SCORE:
        return TOPIC_SCORE;
    case SELECT_VERDICT:
        return TOPIC_VERDICT;
    case SELECT_COMMAND_LINE:
        return TOPIC_COMMAND;
    case SELECT_PID:
    case SELECT_PPID:
        return TOPIC_PROCESS;
    case SELECT_PORT:
    case SELECT_SOURCE_PORT:
    case SELECT_PROTOCOL:
        return TOPIC_CONNECTION;
    case SELECT_COUNTRY:
        return TOPIC_IP;
    case SELECT_USER_AGENT:
    case SELECT_METHOD:
    case SELECT_STATUS:
        return TOPIC_HTTP;
    case SELECT_TACTIC:
        return TOPIC_TACTIC;
    case SELECT_TECHNIQUE:
        return TOPIC_TECHNIQUE;
    case SELECT_SUBJECT:
    case SELECT_ISSUER:
    case SELECT_SERIAL:
        return TOPIC_CERTIFICATE;
    case SELECT_ENTROPY:
        return TOPIC_SECTION;
    case SELECT_JA3:
    case SELECT_SNI:
        return TOPIC_TLS;
    case SELECT_USER:
        return TOPIC_USER;
    case SELECT_FAMILY:
        return TOPIC_FAMILY;
    case SELECT_CHANNEL:
    case SELECT_EVENT_ID:
        return TOPIC_WINDOWS_EVENT;
    default:
        return TOPIC_SAMPLE;
    }
}

static void put(as_buf *out, as_bytes text)
{
    if (text.n > 0)
        as_buf_add(out, (as_bytes){(const uint8_t *)&text, sizeof(text)});
}

/* The path that a row is about, whatever attribute has it. */
static as_bytes path_of(const as_row *row)
{
    static const as_attr_name paths[] = {A(PATH), A(TO), A(FROM), A(NAME), A(OBJECT), A(KEY)};

    for (size_t i = 0; i < AS_COUNT(paths); i++) {
        as_bytes text = as_row_text(row, paths[i]);

        if (text.n > 0)
            return text;
    }
    return (as_bytes){0};
}

static as_bytes folder_of(as_bytes path)
{
    as_bytes file = as_path_file(path);

    return file.n > 0 && file.n < path.n ? (as_bytes){path.p, path.n - file.n - 1} : (as_bytes){0};
}

static as_code put_folded(as_arena *a, as_bytes text, as_buf *out)
{
    as_buf folded = {0};
    as_bytes copy;
    as_code rc;

    as_fold(text, &folded);
    rc = folded.failed ? AS_NOMEM : as_arena_copy(a, as_buf_bytes(&folded), &copy);
    as_buf_done(&folded);
    if (!rc)
        put(out, copy);
    return rc;
}

as_code select_values(select_id id, const as_row *row, as_arena *a, as_buf *out)
{
    if (id == SELECT_EXTENSION)
        return put_folded(a, as_path_extension(path_of(row)), out);
    if (id == SELECT_FOLDER) {
        put(out, folder_of(path_of(row)));
        return out->failed ? AS_NOMEM : AS_OK;
    }
    for (size_t i = 0; attrs[id][i] >= 0; i++) {
        size_t before = out->n;

        for (size_t k = 0; k < row->n_attrs; k++) {
            if ((int)row->attrs[k].name == attrs[id][i])
                put(out, row->attrs[k].text);
        }
        if (out->n > before && id != SELECT_HASHES)
            break; /* the better attribute alone */
    }
    return out->failed ? AS_NOMEM : AS_OK;
}
