/*
 * kinds - the one table of fact kinds and the one table of attributes.
 *
 * A row here gives a kind its name in `assay facts`, its section in a description,
 * the attribute that identifies it to its parts, and the attribute under which a
 * part carries that identity (a signature's marks say which signature they belong
 * to). The sentences of each kind stand in the rows of describe, one for each row here.
 *
 * Depends on: base.  Threads: constant data.
 */
#ifndef AS_KINDS_H
#define AS_KINDS_H

#include "base/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name; the order is the order in a description */
#define AS_SECTION_MAP(X)                                                                          \
    X(IDENTITY, "identity")     /* what the sample is */                                           \
    X(DETECTIONS, "detections") /* who recognised what in it */                                    \
    X(PROCESSES, "processes")   /* what ran, and what each did */                                  \
    X(FILES, "files")                                                                              \
    X(REGISTRY, "registry")                                                                        \
    X(NETWORK, "network")                                                                          \
    X(PERSISTENCE, "persistence")     /* told from facts of other sections */                      \
    X(SYSTEM, "system")               /* mutexes, services, COM, WMI */                            \
    X(MEMORY, "memory")               /* dumps, payloads, injected code */                         \
    X(CONFIGURATION, "configuration") /* what was extracted from it */                             \
    X(STATIC, "static")               /* the file without running it */                            \
    X(RUN, "run")                     /* the analysis itself, and its gaps */

typedef enum as_section {
#define AS_X(id, name) AS_SECTION_##id,
    AS_SECTION_MAP(AS_X)
#undef AS_X
        AS_SECTION_COUNT
} as_section;

/* Types of attribute: how a value is told and which form it has where the tool wrote it oddly. */
typedef enum as_attr_type {
    AS_TYPE_TEXT,
    AS_TYPE_INT,  /* decimal text becomes a number */
    AS_TYPE_SIZE, /* bytes; as INT */
    AS_TYPE_TIME, /* as the tool wrote it: its clock and form are its own */
    AS_TYPE_FLAG
} as_attr_type;

/* clang-format off */

/* id, name, type */
#define AS_ATTR_MAP(X)                                      \
    X(NAME, "name", TEXT)                                   \
    X(VALUE, "value", TEXT)                                 \
    X(DESCRIPTION, "description", TEXT)                     \
    X(ID, "id", TEXT)                                       \
    X(VERSION, "version", TEXT)                             \
    X(CATEGORY, "category", TEXT)                           \
    X(CLASS, "class", TEXT)                                 \
    X(SOURCE, "source", TEXT)                               \
    X(TIME, "time", TIME)                                   \
    X(ADDED, "added", TIME)                                 \
    X(STARTED, "started", TIME)                             \
    X(ENDED, "ended", TIME)                                 \
    X(DURATION, "duration", TEXT) /* seconds */             \
    X(SCORE, "score", TEXT)                                 \
    X(VERDICT, "verdict", TEXT) /* the tool's own word for it */ \
    X(PACKAGE, "package", TEXT)                             \
    X(PLATFORM, "platform", TEXT)                           \
    X(ROUTE, "route", TEXT)                                 \
    X(TIMEOUT, "timeout", FLAG)                             \
    X(ENVIRONMENT, "environment", TEXT) /* the sandbox or system of a run */ \
    X(MACHINE, "machine", TEXT)                             \
    X(MACHINE_LABEL, "machine_label", TEXT)                 \
    X(MACHINE_MANAGER, "machine_manager", TEXT)             \
    X(MACHINE_STARTED, "machine_started", TIME)             \
    X(MACHINE_ENDED, "machine_ended", TIME)                 \
    X(MACHINE_STATUS, "machine_status", TEXT)               \
    X(TLP, "tlp", TEXT)                                     \
    X(URL, "url", TEXT)                                     \
    X(DOMAIN, "domain", TEXT)                               \
    X(IP, "ip", TEXT)                                       \
    X(MAIL, "mail", TEXT)                                   \
    X(PATH, "path", TEXT)                                   \
    X(HOST_PATH, "host_path", TEXT) /* in the sandbox's own storage */ \
    X(SIZE, "size", SIZE)                                   \
    X(CRC32, "crc32", TEXT)                                 \
    X(MD5, "md5", TEXT)                                     \
    X(SHA1, "sha1", TEXT)                                   \
    X(SHA256, "sha256", TEXT)                               \
    X(SHA512, "sha512", TEXT)                               \
    X(SHA3_384, "sha3_384", TEXT)                           \
    X(SSDEEP, "ssdeep", TEXT)                               \
    X(TLSH, "tlsh", TEXT)                                   \
    X(VHASH, "vhash", TEXT)                                 \
    X(AUTHENTIHASH, "authentihash", TEXT)                   \
    X(RH_HASH, "rh_hash", TEXT)                             \
    X(TYPE, "type", TEXT)                                   \
    X(JUDGED_TYPE, "judged_type", TEXT)                     \
    X(CAPE_TYPE, "cape_type", TEXT)                         \
    X(CAPE_TYPE_CODE, "cape_type_code", INT)                \
    X(CONTENT, "content", TEXT)                             \
    X(FILE, "file", TEXT) /* sha256 (or name) of the file that a part belongs to */ \
    X(PID, "pid", INT)                                      \
    X(PPID, "ppid", INT)                                    \
    X(TID, "tid", INT)                                      \
    X(PROCESS_NAME, "process_name", TEXT)                   \
    X(PROCESS_PATH, "process_path", TEXT)                   \
    X(MODULE_PATH, "module_path", TEXT)                     \
    X(COMMAND_LINE, "command_line", TEXT)                   \
    X(FIRST_SEEN, "first_seen", TIME)                       \
    X(THREAD, "thread", TEXT)                               \
    X(TRACKED, "tracked", FLAG)                             \
    X(USER, "user", TEXT)                                   \
    X(COMPUTER, "computer", TEXT)                           \
    X(TARGET_PID, "target_pid", INT)                        \
    X(TARGET_PROCESS, "target_process", TEXT)               \
    X(TARGET_PATH, "target_path", TEXT)                     \
    X(ADDRESS, "address", TEXT)                             \
    X(ENTRYPOINT, "entrypoint", TEXT)                       \
    X(EP_BYTES, "ep_bytes", TEXT)                           \
    X(COMPILED, "compiled", TIME)                           \
    X(IMAGEBASE, "imagebase", TEXT)                         \
    X(IMPHASH, "imphash", TEXT)                             \
    X(PDB_PATH, "pdb_path", TEXT)                           \
    X(CHECKSUM, "checksum", TEXT)                           \
    X(ACTUAL_CHECKSUM, "actual_checksum", TEXT)             \
    X(OS_VERSION, "os_version", TEXT)                       \
    X(ICON_HASH, "icon_hash", TEXT)                         \
    X(EXPORTED_NAME, "exported_name", TEXT)                 \
    X(IMPORTED_DLLS, "imported_dlls", INT)                  \
    X(PEID, "peid", TEXT)                                   \
    X(RAW_ADDRESS, "raw_address", TEXT)                     \
    X(VIRTUAL_ADDRESS, "virtual_address", TEXT)             \
    X(VIRTUAL_SIZE, "virtual_size", TEXT)                   \
    X(RAW_SIZE, "raw_size", TEXT)                           \
    X(ENTROPY, "entropy", TEXT)                             \
    X(CHARACTERISTICS, "characteristics", TEXT)             \
    X(CHARACTERISTICS_RAW, "characteristics_raw", TEXT)     \
    X(DLL, "dll", TEXT)                                     \
    X(ORDINAL, "ordinal", TEXT)                             \
    X(OFFSET, "offset", TEXT)                               \
    X(LANGUAGE, "language", TEXT)                           \
    X(SUBLANGUAGE, "sublanguage", TEXT)                     \
    X(SUBJECT, "subject", TEXT)                             \
    X(ISSUER, "issuer", TEXT)                               \
    X(SERIAL, "serial", TEXT)                               \
    X(NOT_BEFORE, "not_before", TIME)                       \
    X(NOT_AFTER, "not_after", TIME)                         \
    X(VALID, "valid", FLAG)                                 \
    X(ERROR, "error", TEXT)                                 \
    X(RULE, "rule", TEXT)                                   \
    X(AUTHOR, "author", TEXT)                               \
    X(ENGINE, "engine", TEXT)                               \
    X(RESULT, "result", TEXT)                               \
    X(DETECTED, "detected", FLAG)                           \
    X(POSITIVES, "positives", INT)                          \
    X(TOTAL, "total", INT)                                  \
    X(FAMILY, "family", TEXT)                               \
    X(METHOD, "method", TEXT)                               \
    X(SIGNATURE, "signature", TEXT)                         \
    X(SEVERITY, "severity", INT)                            \
    X(WEIGHT, "weight", INT)                                \
    X(CONFIDENCE, "confidence", INT)                        \
    X(REFERENCE, "reference", TEXT)                         \
    X(MARK_COUNT, "mark_count", INT)                        \
    X(ALERT, "alert", FLAG)                                 \
    X(TECHNIQUE, "technique", TEXT)                         \
    X(TACTIC, "tactic", TEXT)                               \
    X(TITLE, "title", TEXT)                                 \
    X(LEVEL, "level", TEXT)                                 \
    X(TAG, "tag", TEXT)                                     \
    X(STATUS, "status", TEXT)                               \
    X(CALL_ID, "call_id", INT)                              \
    X(API, "api", TEXT)                                     \
    X(COUNT, "count", INT) /* counted by the tool or, for api_use and api_trace, by assay */ \
    X(FAILED, "failed", INT)                                \
    X(COMMAND, "command", TEXT)                             \
    X(KEY, "key", TEXT)                                     \
    X(SERVICE, "service", TEXT)                             \
    X(OPERATION, "operation", TEXT)                         \
    X(OBJECT, "object", TEXT)                               \
    X(EVENT_ID, "event_id", INT)                            \
    X(FROM, "from", TEXT)                                   \
    X(TO, "to", TEXT)                                       \
    X(WINDOW, "window", TEXT)                               \
    X(PROTOCOL, "protocol", TEXT)                           \
    X(SRC, "src", TEXT)                                     \
    X(SPORT, "sport", INT)                                  \
    X(DST, "dst", TEXT)                                     \
    X(DPORT, "dport", INT)                                  \
    X(COUNTRY, "country", TEXT)                             \
    X(HOSTNAME, "hostname", TEXT)                           \
    X(REVERSE, "reverse", TEXT)                             \
    X(REQUEST, "request", TEXT)                             \
    X(RESPONSE, "response", TEXT)                           \
    X(ANSWER, "answer", TEXT)                               \
    X(TTL, "ttl", INT)                                      \
    X(CODE, "code", TEXT)                                   \
    X(URI, "uri", TEXT)                                     \
    X(USER_AGENT, "user_agent", TEXT)                       \
    X(REFERRER, "referrer", TEXT)                           \
    X(BODY, "body", TEXT)                                   \
    X(SNI, "sni", TEXT)                                     \
    X(JA3, "ja3", TEXT)                                     \
    X(JA3S, "ja3s", TEXT)                                   \
    X(FINGERPRINT, "fingerprint", TEXT)                     \
    X(SID, "sid", TEXT)                                     \
    X(GID, "gid", TEXT)                                     \
    X(REVISION, "revision", TEXT)                           \
    X(PROGRAM, "program", TEXT)                             \
    X(TEXT, "text", TEXT)                                   \
    X(NAMESPACE, "namespace", TEXT)                         \
    X(CAPABILITY, "capability", TEXT)                       \
    X(ADDRESS_TYPE, "address_type", TEXT)                   \
    X(ARCH, "arch", TEXT)                                   \
    X(ENCODING, "encoding", TEXT)                           \
    X(FUNCTION, "function", TEXT)                           \
    X(CALLER, "caller", TEXT)                               \
    X(SECTION, "section", TEXT)                             \
    X(SCOPE, "scope", TEXT)                                 \
    X(LIBRARY, "library", FLAG) /* a rule that only serves others */ \
    X(AT_LEAST, "at_least", INT)                            \
    X(AT_MOST, "at_most", INT)                              \
    X(LAST_SEEN, "last_seen", TIME)                         \
    X(REPEATED, "repeated", INT) /* times that a long log says so; told once: digest.c */ \
    X(OPEN_END, "open_end", TIME) /* an end that stands for none: it had not ended */ \
    X(METADATA, "metadata", TEXT) /* several fields that the tool put into one text */ \
    X(CHANNEL, "channel", TEXT) /* of the Windows event log */ \
    X(RECORD, "record", INT) /* its number in the log */    \
    X(ACCESS, "access", TEXT) /* the rights asked for */    \
    X(SYSTEM_CALL, "system_call", FLAG) /* the calls are the kernel's, not a library's */ \
    X(TRUNCATED, "truncated", FLAG) /* the tool left out a part of what is told */ \
    X(FIELD, "field", TEXT) /* names that no attribute stands for: the n-th with */ \
    X(FIELD_VALUE, "field_value", TEXT) /* the n-th of these */ \
    X(PREINSTALLED, "preinstalled", FLAG) /* on the machine before the run */ \
    X(PASSWORD, "password", TEXT)                           \
    X(WALLET, "wallet", TEXT)                               \
    X(EXITED, "exited", FLAG)                               \
    X(ARGUMENT, "argument", TEXT)                           \
    X(INSTRUCTIONS, "instructions", INT) /* emulated, until then or in all */ \
    X(INSTRUCTION, "instruction", TEXT)                     \
    X(READS, "reads", INT)                                  \
    X(WRITES, "writes", INT)                                \
    X(EXECS, "execs", INT)                                  \
    X(FREED, "freed", FLAG)                                 \
    X(PROCID, "procid", INT) /* the tool's own number of a process, never used twice */ \
    X(PARENT_PROCID, "parent_procid", INT)                  \
    X(TARGET_PROCID, "target_procid", INT)                  \
    X(INJECTED, "injected", FLAG) /* code was put into the process */ \
    X(SENT, "sent", SIZE)                                   \
    X(RECEIVED, "received", SIZE)                           \
    X(GROUP, "group", TEXT) /* the keys above a free-form field, outermost first */

typedef enum as_attr_name {
#define AS_X(id, name, type) AS_ATTR_##id,
    AS_ATTR_MAP(AS_X)
#undef AS_X
    AS_ATTR_NAME_COUNT /* how many there are; AS_ATTR_COUNT is one of them */
} as_attr_name;

/*
 * id, name, section, identifying attribute, the name that its parts carry it under.
 * NAME as the last column: parts carry nothing.
 */
#define AS_KIND_MAP(X)                                                                  \
    X(SAMPLE, "sample", IDENTITY, SHA256, FILE)                                         \
    X(SUBMITTED, "submitted_file", IDENTITY, SHA256, FILE) /* out of which the sample came */ \
    X(SAMPLE_ADDRESS, "sample_address", IDENTITY, VALUE, NAME) /* URL, domain.. inside */ \
    X(ANALYSIS, "analysis", RUN, ID, NAME)                                              \
    X(TASK, "task", RUN, NAME, NAME) /* one of several runs */                          \
    X(OPTION, "option", RUN, NAME, NAME)                                                \
    X(SCORE, "score", DETECTIONS, SCORE, NAME)                                          \
    X(FAMILY, "family", DETECTIONS, FAMILY, FAMILY)                                     \
    X(SIGNATURE, "signature", DETECTIONS, NAME, SIGNATURE)                              \
    X(MARK, "signature_mark", DETECTIONS, NAME, NAME)                                   \
    X(MARK_CALL, "signature_call", DETECTIONS, CALL_ID, NAME)                           \
    X(TECHNIQUE, "technique", DETECTIONS, TECHNIQUE, TECHNIQUE)                         \
    X(MBC, "malware_behaviour", DETECTIONS, ID, NAME) /* of the Malware Behavior Catalog */ \
    X(CAPABILITY, "capability", DETECTIONS, NAME, CAPABILITY)                           \
    X(HELPER_RULE, "helper_rule", DETECTIONS, NAME, CAPABILITY) /* that serves other rules */ \
    X(CAPABILITY_MATCH, "capability_match", DETECTIONS, ADDRESS, NAME) /* where in the code */ \
    X(CAPABILITY_FEATURE, "capability_feature", DETECTIONS, VALUE, NAME) /* what it rests on */ \
    X(YARA, "yara", DETECTIONS, RULE, RULE)                                             \
    X(YARA_STRING, "yara_string", DETECTIONS, VALUE, NAME)                              \
    X(YARA_META, "yara_meta", DETECTIONS, NAME, NAME)                                   \
    X(CLAMAV, "clamav", DETECTIONS, NAME, NAME)                                         \
    X(ANTIVIRUS, "antivirus", DETECTIONS, ENGINE, NAME)                                 \
    X(ANTIVIRUS_SUMMARY, "antivirus_summary", DETECTIONS, POSITIVES, NAME)              \
    X(SANDBOX_VERDICT, "sandbox_verdict", DETECTIONS, ENVIRONMENT, NAME)                \
    X(SIGMA, "sigma", DETECTIONS, TITLE, RULE)                                          \
    X(SIGMA_SOURCE, "sigma_source", DETECTIONS, SOURCE, SOURCE)                         \
    X(IDS_ALERT, "ids_alert", DETECTIONS, SIGNATURE, SIGNATURE)                         \
    X(ASSESSMENT, "assessment", DETECTIONS, TEXT, NAME) /* a language model's words */  \
    X(INTELLIGENCE, "intelligence", DETECTIONS, VALUE, NAME) /* known elsewhere */      \
    X(PROCESS, "process", PROCESSES, PID, PID)                                          \
    X(ENTRY_POINT, "entry_point", PROCESSES, TYPE, NAME) /* of an emulation; acts as a process does */ \
    X(EMULATION_STOP, "emulation_stop", PROCESSES, ERROR, NAME)                         \
    X(ENVIRONMENT, "environment", PROCESSES, NAME, NAME)                                \
    X(COMMAND, "command", PROCESSES, COMMAND, NAME)                                     \
    X(API_TRACE, "api_trace", PROCESSES, COUNT, NAME)                                   \
    X(API_USE, "api_use", PROCESSES, API, NAME)                                         \
    X(API_RESOLVED, "api_resolved", PROCESSES, NAME, NAME)                              \
    X(MODULE, "module_loaded", PROCESSES, PATH, NAME)                                   \
    X(MODULE_MAPPED, "module_mapped", PROCESSES, PATH, NAME)                            \
    X(PROCESS_RUNNING, "process_running", PROCESSES, PID, NAME) /* as the log began */  \
    X(EVENT, "event", PROCESSES, OPERATION, NAME)                                       \
    X(PROCESS_ENDED, "process_ended", PROCESSES, PID, NAME)                             \
    X(PROCESS_ACCESS, "process_access", PROCESSES, TARGET_PATH, NAME)                   \
    X(REMOTE_THREAD, "remote_thread", PROCESSES, TARGET_PATH, NAME)                     \
    X(SYSCALL, "system_call", PROCESSES, API, NAME) /* one that is told by itself */    \
    X(SIGNAL, "signal", PROCESSES, NAME, NAME) /* of Unix, received */                  \
    X(MEMORY_OPERATION, "memory_operation", PROCESSES, OPERATION, NAME)                 \
    X(EXCEPTION, "exception", PROCESSES, CODE, NAME) /* that a handler of the code took */ \
    X(SYMBOL_ACCESS, "symbol_access", PROCESSES, NAME, NAME)                            \
    X(INJECTION, "process_injection", PROCESSES, TARGET_PATH, NAME)                     \
    X(ANOMALY, "anomaly", PROCESSES, NAME, NAME)                                        \
    X(SCRIPT, "script", PROCESSES, NAME, NAME)                                          \
    X(SCRIPT_BEHAVIOUR, "script_behaviour", PROCESSES, NAME, NAME)                      \
    X(PRIVILEGE, "token_entry", PROCESSES, NAME, NAME) /* a privilege or a group of a token */\
    X(HANDLE, "handle", PROCESSES, NAME, NAME)                                          \
    X(DROPPED, "dropped_file", FILES, SHA256, FILE)                                     \
    X(FILE_WRITTEN, "file_written", FILES, PATH, NAME)                                  \
    X(FILE_CREATED, "file_created", FILES, PATH, NAME)                                  \
    X(FILE_RECREATED, "file_recreated", FILES, PATH, NAME)                              \
    X(FILE_DELETED, "file_deleted", FILES, PATH, NAME)                                  \
    X(FILE_MOVED, "file_moved", FILES, FROM, NAME)                                      \
    X(FILE_COPIED, "file_copied", FILES, FROM, NAME)                                    \
    X(FILE_READ, "file_read", FILES, PATH, NAME)                                        \
    X(FILE_OPENED, "file_opened", FILES, PATH, NAME)                                    \
    X(FILE_EXISTS, "file_probed", FILES, PATH, NAME)                                    \
    X(FILE_FAILED, "file_failed", FILES, PATH, NAME)                                    \
    X(FILE_TIME, "file_time_changed", FILES, PATH, NAME)                                \
    X(OBJECT_ACCESS, "object_access", FILES, OBJECT, NAME) /* audited by Windows */     \
    X(RAW_READ, "raw_disk_read", FILES, PATH, NAME)                                     \
    X(DIR_CREATED, "directory_created", FILES, PATH, NAME)                              \
    X(DIR_REMOVED, "directory_removed", FILES, PATH, NAME)                              \
    X(DIR_LISTED, "directory_enumerated", FILES, PATH, NAME)                            \
    X(KEY_WRITTEN, "registry_written", REGISTRY, KEY, NAME)                             \
    X(KEY_DELETED, "registry_deleted", REGISTRY, KEY, NAME)                             \
    X(KEY_READ, "registry_read", REGISTRY, KEY, NAME)                                   \
    X(KEY_OPENED, "registry_opened", REGISTRY, KEY, NAME)                               \
    X(REGISTRY_VALUE, "registry_value", REGISTRY, KEY, NAME) /* as it stands there */   \
    X(DOMAIN, "domain", NETWORK, DOMAIN, NAME)                                          \
    X(DNS, "dns_query", NETWORK, REQUEST, REQUEST)                                      \
    X(DNS_ANSWER, "dns_answer", NETWORK, ANSWER, NAME)                                  \
    X(DNS_SERVER, "dns_server", NETWORK, IP, NAME)                                      \
    X(HOST, "host", NETWORK, IP, NAME)                                                  \
    X(CONNECTION, "connection", NETWORK, DST, NAME)                                     \
    X(SOCKET_CALL, "socket_call", NETWORK, OPERATION, NAME) /* of which no traffic is known */ \
    X(DEAD_HOST, "dead_host", NETWORK, IP, NAME)                                        \
    X(SOCKET, "socket", NETWORK, SRC, NAME) /* that the system knew, traffic or none */ \
    X(HTTP, "http_request", NETWORK, URI, NAME)                                         \
    X(TLS, "tls_handshake", NETWORK, DST, NAME)                                         \
    X(ICMP, "icmp", NETWORK, DST, NAME)                                                 \
    X(SMTP, "smtp", NETWORK, DST, NAME)                                                 \
    X(IRC, "irc", NETWORK, COMMAND, NAME)                                               \
    X(SSH, "ssh_handshake", NETWORK, DST, NAME)                                         \
    X(SHARE_ACCESS, "share_access", NETWORK, NAME, NAME)                                \
    X(NETWORK_FILE, "network_file", NETWORK, SHA256, FILE)                              \
    X(NETWORK_FINGERPRINT, "network_fingerprint", NETWORK, DST, NAME)                   \
    X(NETWORK_DETAIL, "network_detail", NETWORK, NAME, NAME)                            \
    X(CAPTURE, "network_capture", NETWORK, SHA256, NAME)                                \
    X(MUTEX, "mutex", SYSTEM, NAME, NAME)                                               \
    X(SERVICE_CREATED, "service_created", SYSTEM, SERVICE, NAME)                        \
    X(SERVICE_STARTED, "service_started", SYSTEM, SERVICE, NAME)                        \
    X(COM_OBJECT, "com_object", SYSTEM, ID, NAME)                                       \
    X(WMI_QUERY, "wmi_query", SYSTEM, COMMAND, NAME)                                    \
    X(DRIVER, "driver_loaded", SYSTEM, PATH, NAME)                                      \
    X(PIPE, "named_pipe", SYSTEM, NAME, NAME)                                           \
    X(WMI_SUBSCRIPTION, "wmi_subscription", SYSTEM, NAME, NAME)                         \
    X(TASK_CREATED, "task_created", SYSTEM, NAME, NAME)                                 \
    X(TASK_CHANGED, "task_changed", SYSTEM, NAME, NAME)                                 \
    X(TASK_DELETED, "task_deleted", SYSTEM, NAME, NAME)                                 \
    X(LOGON, "logon", SYSTEM, USER, NAME)                                               \
    X(LOGON_FAILED, "logon_failed", SYSTEM, USER, NAME)                                 \
    X(AUTHENTICATION, "authentication", SYSTEM, USER, NAME)                             \
    X(ACCOUNT_CHANGED, "account_changed", SYSTEM, NAME, NAME)                           \
    X(GROUP_CHANGED, "group_changed", SYSTEM, NAME, NAME)                               \
    X(LOG_CLEARED, "log_cleared", SYSTEM, CHANNEL, NAME)                                \
    X(SERVICE, "service", SYSTEM, SERVICE, NAME) /* registered */                       \
    X(SCHEDULED_TASK, "scheduled_task", SYSTEM, NAME, NAME) /* registered */            \
    X(STORED_SECRET, "stored_secret", SYSTEM, USER, NAME) /* hash of a password, LSA.. */ \
    X(PROGRAM_TRACE, "program_trace", SYSTEM, PATH, NAME) /* that the system kept of it */\
    X(KERNEL_MODULE, "kernel_module", SYSTEM, NAME, NAME)                               \
    X(KERNEL_HANDLER, "kernel_handler", SYSTEM, FUNCTION, NAME) /* where the kernel jumps to */\
    X(WINDOWS_EVENT, "windows_event", SYSTEM, EVENT_ID, NAME) /* of any other number */ \
    X(AUDIT_EVENT, "audit_event", SYSTEM, TYPE, NAME) /* of Linux, of any other type */  \
    X(SUMMARY_ITEM, "summary_item", SYSTEM, VALUE, NAME) /* a list assay has no kind for */ \
    X(PAYLOAD, "payload", MEMORY, SHA256, FILE)                                         \
    X(PROCESS_DUMP, "process_dump", MEMORY, SHA256, FILE)                               \
    X(MEMORY_DUMP, "memory_dump", MEMORY, PID, PID)                                     \
    X(MEMORY_REGION, "memory_region", MEMORY, ADDRESS, NAME)                            \
    X(DYNAMIC_CODE, "dynamic_code", MEMORY, ADDRESS, NAME) /* made at run time, and run */ \
    X(CAPTURED_DATA, "captured_data", MEMORY, ID, NAME) /* bytes that the tool kept */  \
    X(MEMORY_FINDING, "memory_finding", MEMORY, ADDRESS, NAME) /* that a tool points out */\
    X(MEMORY_OBJECT, "memory_object", MEMORY, NAME, NAME) /* file, mutant, link, hive.. */\
    X(MEMORY_ROW, "memory_row", MEMORY, NAME, NAME) /* of a plugin assay has no kind for */\
    X(PLAINTEXT, "plaintext_buffer", MEMORY, API, NAME)                                 \
    X(CONFIG, "config_value", CONFIGURATION, NAME, NAME)                                \
    X(EXTRACTED, "extracted_file", CONFIGURATION, PATH, FILE)                           \
    X(EXTRACTION, "extraction", CONFIGURATION, HOST_PATH, NAME) /* where values come from */ \
    X(CREDENTIAL, "credential", CONFIGURATION, USER, NAME)                              \
    X(RANSOM_NOTE, "ransom_note", CONFIGURATION, TEXT, NAME)                            \
    X(DROPPER, "dropper", CONFIGURATION, LANGUAGE, NAME) /* a script that fetches files */ \
    X(PE, "pe", STATIC, IMPHASH, NAME)                                                  \
    X(PE_SECTION, "pe_section", STATIC, NAME, NAME)                                     \
    X(PE_IMPORT, "pe_import", STATIC, DLL, DLL)                                         \
    X(PE_EXPORT, "pe_export", STATIC, NAME, NAME)                                       \
    X(PE_RESOURCE, "pe_resource", STATIC, NAME, NAME)                                   \
    X(PE_DIRECTORY, "pe_directory", STATIC, NAME, NAME)                                 \
    X(PE_VERSION, "pe_version", STATIC, NAME, NAME)                                     \
    X(PE_OVERLAY, "pe_overlay", STATIC, OFFSET, NAME)                                   \
    X(CERTIFICATE, "certificate", STATIC, SERIAL, SERIAL)                               \
    X(CERTIFICATE_FIELD, "certificate_field", STATIC, NAME, NAME)                       \
    X(SIGNER_CHECK, "signer_check", STATIC, ERROR, NAME)                                \
    X(STRING, "string", STATIC, VALUE, NAME)                                            \
    X(FILE_PART, "file_part", STATIC, NAME, NAME) /* of the file's layout */            \
    X(FUNCTION, "function", STATIC, ADDRESS, NAME)                                      \
    X(LIBRARY_FUNCTION, "library_function", STATIC, NAME, NAME)                         \
    X(STATIC_DETAIL, "static_detail", STATIC, NAME, NAME)                               \
    X(SCREENSHOT, "screenshot", RUN, NAME, NAME)                                        \
    X(RESULT_SECTION, "result_section", RUN, TITLE, NAME)                               \
    X(API_WATCHED, "api_watched", RUN, NAME, NAME) /* a function the tool hooked */     \
    X(TABLE_ROW, "table_row", RUN, FIELD_VALUE, NAME) /* of no table assay knows */     \
    X(TOOL_ERROR, "tool_error", RUN, TEXT, NAME)                                        \
    X(TOOL_LOG, "tool_log", RUN, TEXT, NAME)                                            \
    X(TOOL_MODULE, "tool_module", RUN, NAME, NAME)                                      \
    X(DETAIL, "detail", RUN, NAME, NAME) /* free-form field of the report */

typedef enum as_kind {
#define AS_X(id, name, section, ident, under) AS_KIND_##id,
    AS_KIND_MAP(AS_X)
#undef AS_X
    AS_KIND_COUNT
} as_kind;

/* clang-format on */

typedef struct as_kind_row {
    const char *name;
    as_section section;
    as_attr_name ident;
    as_attr_name under; /* AS_ATTR_NAME: nothing */
} as_kind_row;

typedef struct as_attr_row {
    const char *name;
    as_attr_type type;
} as_attr_row;

const as_kind_row *as_kind_get(as_kind kind);
const as_attr_row *as_attr_get(as_attr_name name);
const char *as_section_name(as_section section);

#ifdef __cplusplus
}
#endif
#endif
