/*
 * volatility_priv - private to formats: rows of a table that a memory forensics tool wrote.
 *
 * Neither version of Volatility says in its output which plugin wrote it, so the plugin is
 * told by its columns. Names of columns are compared without blanks, signs and letter case,
 * since "Offset(V)" of one version is "OFFSET (V)" of another. What a column means stands in
 * the tables of volatility_map.c; a column that no table names is kept under its own name
 * (attributes FIELD and FIELD_VALUE, in pairs).
 */
#ifndef AS_VOLATILITY_PRIV_H
#define AS_VOLATILITY_PRIV_H

#include "formats/formats_priv.h"

#define AS_VOLATILITY_COLUMNS_MAX 128 /* of which a row's meaning is looked up; real ones: 20 */
#define AS_VOLATILITY_HELD_MAX                                                                     \
    ((size_t)32 << 20) /* cells that came before the names of their columns */

/* --- the tables (volatility_map.c) ------------------------------------------------- */

/* id, name without signs, what it is in every plugin where no row says otherwise */
#define AS_VOLATILITY_COLUMN_MAP(X)                                                                \
    X(PID, "pid", PID)                                                                             \
    X(PROCESS_ID, "processid", PID)                                                                \
    X(PPID, "ppid", PPID)                                                                          \
    X(PROCESS, "process", PROCESS_NAME)                                                            \
    X(PROCESS_NAME, "processname", PROCESS_NAME)                                                   \
    X(IMAGE_FILE_NAME, "imagefilename", PROCESS_NAME)                                              \
    X(COMM, "comm", PROCESS_NAME)                                                                  \
    X(OWNER, "owner", PROCESS_NAME)                                                                \
    X(TID, "tid", TID)                                                                             \
    X(NAME, "name", NAME)                                                                          \
    X(PATH, "path", PATH)                                                                          \
    X(FILE, "file", PATH)                                                                          \
    X(FILE_PATH, "filepath", PATH)                                                                 \
    X(FILE_FULL_PATH, "filefullpath", PATH)                                                        \
    X(FILE_NAME, "filename", PATH)                                                                 \
    X(MAPPED_PATH, "mappedpath", PATH)                                                             \
    X(MAP_NAME, "mapname", PATH)                                                                   \
    X(VAD_PATH, "vadpath", PATH)                                                                   \
    X(OFFSET, "offset", ADDRESS)                                                                   \
    X(OFFSET_V, "offsetv", ADDRESS)                                                                \
    X(OFFSET_P, "offsetp", ADDRESS)                                                                \
    X(OFFSET_VIRTUAL, "offsetvirtual", ADDRESS)                                                    \
    X(OFFSET_PHYSICAL, "offsetphysical", ADDRESS)                                                  \
    X(ADDRESS, "address", ADDRESS)                                                                 \
    X(BASE, "base", ADDRESS)                                                                       \
    X(VIRTUAL, "virtual", ADDRESS)                                                                 \
    X(PHYSICAL, "physical", OFFSET)                                                                \
    X(START_ADDRESS, "startaddress", ADDRESS)                                                      \
    X(HANDLER_ADDRESS, "handleraddress", ADDRESS)                                                  \
    X(MODULE_ADDRESS, "moduleaddress", ADDRESS)                                                    \
    X(SIZE, "size", SIZE)                                                                          \
    X(CODE_SIZE, "codesize", SIZE)                                                                 \
    X(FILE_SIZE, "filesize", SIZE)                                                                 \
    X(THREADS, "threads", NAME_COUNT)                                                              \
    X(THDS, "thds", NAME_COUNT)                                                                    \
    X(HANDLES, "handles", NAME_COUNT)                                                              \
    X(CREATE_TIME, "createtime", TIME)                                                             \
    X(CREATION_TIME, "creationtime", TIME)                                                         \
    X(TIME_CREATED, "timecreated", TIME)                                                           \
    X(START_TIME, "starttime", TIME)                                                               \
    X(CREATED, "created", TIME)                                                                    \
    X(TIME, "time", TIME)                                                                          \
    X(LOAD_TIME, "loadtime", TIME)                                                                 \
    X(EXIT_TIME, "exittime", ENDED)                                                                \
    X(TIME_EXITED, "timeexited", ENDED)                                                            \
    X(EXIT_STATE, "exitstate", STATUS)                                                             \
    X(START, "start", NAME_COUNT)                                                                  \
    X(END, "end", NAME_COUNT)                                                                      \
    X(EXIT, "exit", NAME_COUNT)                                                                    \
    X(AUDIT, "audit", NAME_COUNT)                                                                  \
    X(CMD, "cmd", COMMAND)                                                                         \
    X(ARGS, "args", COMMAND_LINE)                                                                  \
    X(ARGUMENTS, "arguments", COMMAND_LINE)                                                        \
    X(COMMAND_LINE, "commandline", COMMAND_LINE)                                                   \
    X(COMMAND, "command", COMMAND)                                                                 \
    X(COMMAND_TIME, "commandtime", TIME)                                                           \
    X(FILE_OUTPUT, "fileoutput", NAME_COUNT)                                                       \
    X(PSLIST, "pslist", NAME_COUNT)                                                                \
    X(PSSCAN, "psscan", NAME_COUNT)                                                                \
    X(THRDSCAN, "thrdscan", NAME_COUNT)                                                            \
    X(THRDPROC, "thrdproc", NAME_COUNT)                                                            \
    X(CSRSS, "csrss", NAME_COUNT)                                                                  \
    X(PROTECTION, "protection", ACCESS)                                                            \
    X(HEXDUMP, "hexdump", CONTENT)                                                                 \
    X(DISASM, "disasm", CODE)                                                                      \
    X(START_VPN, "startvpn", ADDRESS)                                                              \
    X(END_VPN, "endvpn", TO)                                                                       \
    X(TAG, "tag", TYPE)                                                                            \
    X(VAD_TAG, "vadtag", TYPE)                                                                     \
    X(NOTES, "notes", DESCRIPTION)                                                                 \
    X(NOTE, "note", DESCRIPTION)                                                                   \
    X(DESCRIPTION, "description", DESCRIPTION)                                                     \
    X(VAD_RANGE, "vadrange", NAME_COUNT)                                                           \
    X(IN_LOAD, "inload", NAME_COUNT)                                                               \
    X(IN_MEM, "inmem", NAME_COUNT)                                                                 \
    X(PROTO, "proto", PROTOCOL)                                                                    \
    X(PROTOCOL, "protocol", PROTOCOL)                                                              \
    X(LOCAL_ADDR, "localaddr", SRC)                                                                \
    X(LOCAL_ADDRESS, "localaddress", SRC)                                                          \
    X(LOCAL_IP, "localip", SRC)                                                                    \
    X(SOURCE_ADDR, "sourceaddr", SRC)                                                              \
    X(LOCAL_PORT, "localport", SPORT)                                                              \
    X(SOURCE_PORT, "sourceport", SPORT)                                                            \
    X(PORT, "port", NAME_COUNT)                                                                    \
    X(FOREIGN_ADDR, "foreignaddr", DST)                                                            \
    X(REMOTE_ADDRESS, "remoteaddress", DST)                                                        \
    X(REMOTE_IP, "remoteip", DST)                                                                  \
    X(DESTINATION_ADDR, "destinationaddr", DST)                                                    \
    X(FOREIGN_PORT, "foreignport", DPORT)                                                          \
    X(REMOTE_PORT, "remoteport", DPORT)                                                            \
    X(DESTINATION_PORT, "destinationport", DPORT)                                                  \
    X(STATE, "state", STATUS)                                                                      \
    X(FAMILY, "family", NAME_COUNT)                                                                \
    X(SOCK_OFFSET, "sockoffset", ADDRESS)                                                          \
    X(VARIABLE, "variable", NAME)                                                                  \
    X(VALUE, "value", VALUE)                                                                       \
    X(BLOCK, "block", NAME_COUNT)                                                                  \
    X(KEY, "key", KEY)                                                                             \
    X(HANDLE_VALUE, "handlevalue", ID)                                                             \
    X(HANDLE, "handle", ID)                                                                        \
    X(FD, "fd", ID)                                                                                \
    X(FILE_DESCRIPTOR, "filedescriptor", ID)                                                       \
    X(TYPE, "type", TYPE)                                                                          \
    X(GRANTED_ACCESS, "grantedaccess", ACCESS)                                                     \
    X(ACCESS, "access", ACCESS)                                                                    \
    X(ORDER, "order", ORDINAL)                                                                     \
    X(INDEX, "index", ORDINAL)                                                                     \
    X(DISPLAY, "display", DESCRIPTION)                                                             \
    X(DISPLAY_NAME, "displayname", DESCRIPTION)                                                    \
    X(BINARY, "binary", PATH)                                                                      \
    X(BINARY_PATH, "binarypath", PATH)                                                             \
    X(DLL, "dll", DLL)                                                                             \
    X(SERVICE_NAME, "servicename", SERVICE)                                                        \
    X(SERVICE_DLL, "servicedll", DLL)                                                              \
    X(CALLBACK, "callback", ADDRESS)                                                               \
    X(MODULE, "module", MODULE_PATH)                                                               \
    X(HANDLER_MODULE, "handlermodule", MODULE_PATH)                                                \
    X(MODULE_NAME, "modulename", NAME)                                                             \
    X(SYMBOL, "symbol", FUNCTION)                                                                  \
    X(HANDLER_SYMBOL, "handlersymbol", FUNCTION)                                                   \
    X(FUNCTION, "function", FUNCTION)                                                              \
    X(DETAIL, "detail", DESCRIPTION)                                                               \
    X(DETAILS, "details", DESCRIPTION)                                                             \
    X(TABLE_NAME, "tablename", TYPE)                                                               \
    X(SERVICE_KEY, "servicekey", SERVICE)                                                          \
    X(DRIVER_NAME, "drivername", NAME)                                                             \
    X(DEVICE_NAME, "devicename", NAME)                                                             \
    X(IRP, "irp", TYPE)                                                                            \
    X(ROUTINE, "routine", ADDRESS)                                                                 \
    X(FROM_NAME, "fromname", NAME)                                                                 \
    X(TO_NAME, "toname", TO)                                                                       \
    X(FROM, "from", FROM)                                                                          \
    X(TO, "to", TO)                                                                                \
    X(LAST_WRITE_TIME, "lastwritetime", TIME)                                                      \
    X(HIVE_OFFSET, "hiveoffset", NAME_COUNT)                                                       \
    X(HIVE_NAME, "hivename", NAME_COUNT)                                                           \
    X(DATA, "data", CONTENT)                                                                       \
    X(COUNT, "count", NAME_COUNT)                                                                  \
    X(TIME_FOCUSED, "timefocused", NAME_COUNT)                                                     \
    X(LAST_UPDATED, "lastupdated", TIME)                                                           \
    X(USER, "user", USER)                                                                          \
    X(USER_NAME, "username", USER)                                                                 \
    X(RID, "rid", NAME_COUNT)                                                                      \
    X(NT_HASH, "nthash", NAME_COUNT)                                                               \
    X(SECRET, "secret", NAME_COUNT)                                                                \
    X(HEX, "hex", NAME_COUNT)                                                                      \
    X(HASH, "hash", NAME_COUNT)                                                                    \
    X(DOMAIN, "domain", NAME_COUNT)                                                                \
    X(SID, "sid", SID)                                                                             \
    X(PRIVILEGE, "privilege", NAME)                                                                \
    X(ATTRIBUTES, "attributes", NAME_COUNT)                                                        \
    X(SESSION_ID, "sessionid", NAME_COUNT)                                                         \
    X(SESSION_TYPE, "sessiontype", NAME_COUNT)                                                     \
    X(RULE, "rule", RULE)                                                                          \
    X(COMPONENT, "component", NAME)                                                                \
    X(BANNER, "banner", TEXT)                                                                      \
    X(PLUGIN, "plugin", NAME_COUNT)                                                                \
    X(CREATED_DATE, "createddate", TIME)                                                           \
    X(MODIFIED_DATE, "modifieddate", NAME_COUNT)                                                   \
    X(RECORD_NUMBER, "recordnumber", RECORD)                                                       \
    X(MFT_TYPE, "mfttype", TYPE)                                                                   \
    X(ENTRY_TYPE, "entrytype", TYPE)                                                               \
    X(COMPILE_TIME, "compiletime", COMPILED)                                                       \
    X(SHA1, "sha1", SHA1)                                                                          \
    X(LAST_MODIFIED, "lastmodified", TIME)                                                         \
    X(EXEC_FLAG, "execflag", NAME_COUNT)                                                           \
    X(TASK_NAME, "taskname", NAME)                                                                 \
    X(ACTION, "action", COMMAND)                                                                   \
    X(ACTION_ARGUMENTS, "actionarguments", NAME_COUNT)                                             \
    X(LAST_RUN_TIME, "lastruntime", TIME)                                                          \
    X(WIN32_START_PATH, "win32startpath", NAME_COUNT)                                              \
    X(START_PATH, "startpath", PATH)                                                               \
    X(END_ADDRESS, "endaddress", TO)                                                               \
    X(CONTEXT, "context", NAME_COUNT)                                                              \
    X(DELETE_PENDING, "deletepending", NAME_COUNT)                                                 \
    X(SKELETON_KEY_FOUND, "skeletonkeyfound", NAME_COUNT)                                          \
    X(MAJOR, "major", NAME_COUNT)                                                                  \
    X(MINOR, "minor", NAME_COUNT)                                                                  \
    X(PRODUCT, "product", NAME_COUNT)                                                              \
    X(BUILD, "build", NAME_COUNT)                                                                  \
    X(ALLOCATION, "allocation", ADDRESS)                                                           \
    X(POOL_TYPE, "pooltype", NAME_COUNT)                                                           \
    X(NUMBER_OF_BYTES, "numberofbytes", SIZE)                                                      \
    X(LIBRARY, "library", DLL)                                                                     \
    X(BOUND, "bound", NAME_COUNT)                                                                  \
    X(CONSOLE_INFO, "consoleinfo", NAME_COUNT)                                                     \
    X(PROPERTY, "property", NAME)                                                                  \
    X(UID, "uid", NAME_COUNT)                                                                      \
    X(EUID, "euid", NAME_COUNT)                                                                    \
    X(CAP_EFFECTIVE, "capeffective", NAME_COUNT)                                                   \
    X(INODE, "inode", NAME_COUNT)                                                                  \
    X(FLAGS, "flags", NAME_COUNT)                                                                  \
    X(PG_OFF, "pgoff", NAME_COUNT)                                                                 \
    X(FACILITY, "facility", NAME_COUNT)                                                            \
    X(LINE, "line", TEXT)                                                                          \
    X(TIMESTAMP, "timestamp", TIME)                                                                \
    X(MOUNT_POINT, "mountpoint", PATH)                                                             \
    X(FS_TYPE, "fstype", TYPE)                                                                     \
    X(WINDOW_STATION, "windowstation", NAME_COUNT)                                                 \
    X(DESKTOP, "desktop", NAME)                                                                    \
    X(PHYSICAL_ADDRESS, "physicaladdress", ADDRESS)                                                \
    X(STRING, "string", TEXT)                                                                      \
    X(NUMBER_PTR, "#ptr", NAME_COUNT)                                                              \
    X(MUTANT_CID, "cid", NAME_COUNT)                                                               \
    X(TEXT, "text", TEXT)                                                                          \
    X(LEVEL, "level", LEVEL)                                                                       \
    X(MEMBER, "member", NAME)                                                                      \
    X(DISTINCT, "distinctimplementations", NAME_COUNT)

typedef enum as_volatility_column {
    AS_COLUMN_OTHER, /* of no name that is known */
#define AS_X(id, name, attr) AS_COLUMN_##id,
    AS_VOLATILITY_COLUMN_MAP(AS_X)
#undef AS_X
        AS_VOLATILITY_COLUMNS
} as_volatility_column;

/* Which columns a row has: one bit each. */
typedef struct as_columns {
    uint64_t bits[(AS_VOLATILITY_COLUMNS + 63) / 64];
    size_t n;     /* all columns */
    size_t known; /* of these, those of a known name */
} as_columns;

typedef struct as_volatility_map {
    uint8_t column; /* AS_COLUMN_OTHER: the end */
    uint16_t attr;
} as_volatility_map;

#define AS_PLUGIN_NEEDS 6

typedef struct as_plugin {
    const char *tool; /* "Volatility 3 windows.pslist" */
    uint8_t version;
    bool exact; /* these columns and no more */
    uint16_t kind;
    const as_volatility_map *map; /* NULL: the common meanings alone */
    uint8_t needs[AS_PLUGIN_NEEDS];
} as_plugin;

as_volatility_column as_volatility_column_of(as_bytes name);
as_attr_name as_volatility_attr(const as_plugin *plugin, as_volatility_column column);
void as_columns_add(as_columns *c, as_volatility_column column);
/* Known columns, some of those of `whole`, and no others. */
bool as_columns_within(const as_columns *part, const as_columns *whole);

/* The plugin of that version whose columns these are; NULL if none is known. */
const as_plugin *as_plugin_of(unsigned version, const as_columns *columns);
const as_plugin *as_plugin_get(size_t i); /* NULL past the last */
size_t as_plugin_needs(const as_plugin *plugin);

/* --- from rows to facts (volatility_rows.c) ------------------------------------------- */

typedef struct as_rows as_rows;

as_rows *as_rows_new(as_walk *w, unsigned version) AS_CHECKED;
void as_rows_free(as_rows *r);

/* A row begins; rows below it may begin and end before it does. Returns its mark. */
size_t as_rows_begin(as_rows *r);

/* One more cell of the row begun last. A cell without a value is told by its column alone. */
as_code as_rows_cell(as_rows *r, as_str column, as_form form, as_str value, as_err *err) AS_CHECKED;

/* Where the row stands, and the fact that it belongs to. */
typedef struct as_row_place {
    as_evidence evidence[2]; /* the row; what names its columns */
    size_t n_evidence;
    uint32_t parent; /* fact of the row above it, or AS_NO_FACT */
    uint32_t number; /* reserved for its own fact, or AS_NO_FACT */
    bool nested;     /* what it stands in has not ended yet */
} as_row_place;

/* Makes a fact of the cells since `mark`. */
as_code as_rows_end(as_rows *r, size_t mark, const as_row_place *at, as_err *err) AS_CHECKED;

uint64_t as_rows_count(const as_rows *r); /* rows that became facts */

/*
 * Between two records: what the rows of the one in hand put into the table of processes is
 * for good (kept) or taken out again; and, where the facts so far are handed out, what is
 * carried over.
 */
void as_rows_settle(as_rows *r, bool kept);
as_code as_rows_portion(as_rows *r, as_err *err) AS_CHECKED;

#endif
