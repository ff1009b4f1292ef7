#include "query/query_priv.h"

#include <string.h>

#include "base/banned.h"

/* clang-format off */

#define K(id) AS_KIND_##id
#define A(id) AS_ATTR_##id
#define LIST(...) { __VA_ARGS__, -1 }
#define NOTHING { -1 }

/* Paths of one verb: they differ in kind and words alone. */
#define FILES(id_, name_, kinds_, one_, many_, zh_, verb_en_, verb_zh_)                          \
    [TOPIC_##id_] = { name_, kinds_, LIST(A(PATH)), NOTHING, LIST(A(SIZE)), AREA_FILES,         \
                      AS_TERM_PATH, one_, many_, zh_, "个", verb_en_, verb_zh_ }

#define KEYS(id_, name_, kinds_, one_, many_, zh_, verb_en_, verb_zh_)                           \
    [TOPIC_##id_] = { name_, kinds_, LIST(A(KEY)), NOTHING, LIST(A(NAME), A(VALUE), A(CONTENT)), \
                      AREA_REGISTRY, AS_TERM_KEY, one_, many_, zh_, "个", verb_en_, verb_zh_ }

static const topic topics[TOPIC_COUNT] = {
    [TOPIC_NONE] = { "nothing", NOTHING, NOTHING, NOTHING, NOTHING, AREA_RUN, -1,
                     "fact", "facts", "事实", "条", NULL, NULL },
    [TOPIC_SAMPLE] = { "sample", LIST(K(SAMPLE)), LIST(A(NAME), A(PATH), A(URL), A(SHA256)), NOTHING,
                       LIST(A(TYPE), A(SIZE)), AREA_IDENTITY, AS_TERM_HASH,
                       "sample", "samples", "样本", "个", NULL, NULL },
    [TOPIC_RUN] = { "run", LIST(K(ANALYSIS), K(TASK)), LIST(A(ID), A(ENVIRONMENT)), NOTHING,
                    LIST(A(MACHINE), A(DURATION)), AREA_RUN, -1,
                    "analysis run", "analysis runs", "分析任务", "次", NULL, NULL },
    [TOPIC_PE] = { "pe", LIST(K(PE)), LIST(A(IMPHASH)), NOTHING, NOTHING, AREA_STATIC, -1,
                   "PE header", "PE headers", "PE 文件头", "个", NULL, NULL },
    [TOPIC_MUTEX] = { "mutexes", LIST(K(MUTEX)), LIST(A(NAME)), NOTHING, NOTHING, AREA_SYSTEM,
                      AS_TERM_MUTEX, "mutex", "mutexes", "互斥体", "个", "it used", "使用了" },
    [TOPIC_DROPPED] = { "dropped_files", LIST(K(DROPPED)), LIST(A(PATH), A(NAME), A(SHA256)),
                        LIST(A(SHA256), A(SHA1), A(MD5), A(PATH)), LIST(A(SHA256), A(SIZE), A(TYPE)),
                        AREA_DROPPED, AS_TERM_FILE,
                        "dropped file", "dropped files", "文件", "个", "it dropped", "释放了" },
    FILES(FILE, "files", LIST(K(FILE_WRITTEN), K(FILE_CREATED), K(FILE_RECREATED), K(FILE_DELETED),
          K(FILE_MOVED), K(FILE_COPIED), K(FILE_READ), K(FILE_OPENED), K(DROPPED)),
          "file", "files", "文件", "it worked with", "操作了"),
    FILES(FILE_WRITTEN, "files_written", LIST(K(FILE_WRITTEN)),
          "written file", "written files", "文件", "it wrote", "写入了"),
    FILES(FILE_CREATED, "files_created", LIST(K(FILE_CREATED)),
          "created file", "created files", "文件", "it created", "创建了"),
    FILES(FILE_MODIFIED, "files_modified", LIST(K(FILE_WRITTEN), K(FILE_RECREATED), K(FILE_TIME)),
          "modified file", "modified files", "文件", "it modified", "修改了"),
    FILES(FILE_DELETED, "files_deleted", LIST(K(FILE_DELETED)),
          "deleted file", "deleted files", "文件", "it deleted", "删除了"),
    FILES(FILE_READ, "files_read", LIST(K(FILE_READ)),
          "read file", "read files", "文件", "it read", "读取了"),
    FILES(FILE_OPENED, "files_opened", LIST(K(FILE_OPENED)),
          "opened file", "opened files", "文件", "it opened", "打开了"),
    [TOPIC_FILE_COPIED] = { "files_copied", LIST(K(FILE_COPIED)), LIST(A(FROM), A(PATH)), LIST(A(FROM)),
                            LIST(A(TO)), AREA_FILES, AS_TERM_PATH,
                            "copied file", "copied files", "文件", "个", "it copied", "复制了" },
    [TOPIC_FILE_MOVED] = { "files_moved", LIST(K(FILE_MOVED)), LIST(A(FROM), A(PATH)), LIST(A(FROM)),
                           LIST(A(TO)), AREA_FILES, AS_TERM_PATH,
                           "moved file", "moved files", "文件", "个", "it moved", "移动了" },
    FILES(FILE_FAILED, "files_failed", LIST(K(FILE_FAILED)),
          "file that it could not open", "files that it could not open", "文件", "it failed to open", "未能打开"),
    FILES(FILE_PROBED, "files_probed", LIST(K(FILE_EXISTS)),
          "probed file", "probed files", "文件", "it probed for", "探测了"),
    FILES(DIR_CREATED, "directories_created", LIST(K(DIR_CREATED)),
          "created directory", "created directories", "目录", "it created", "创建了"),
    FILES(DIR_REMOVED, "directories_removed", LIST(K(DIR_REMOVED)),
          "removed directory", "removed directories", "目录", "it removed", "删除了"),
    FILES(DIR_LISTED, "directories_enumerated", LIST(K(DIR_LISTED)),
          "enumerated directory", "enumerated directories", "目录", "it enumerated", "枚举了"),
    KEYS(REGISTRY, "registry", LIST(K(KEY_WRITTEN), K(KEY_DELETED), K(KEY_READ), K(KEY_OPENED), K(REGISTRY_VALUE)),
         "registry entry", "registry entries", "注册表项", "it worked with", "操作了"),
    KEYS(KEY_WRITTEN, "registry_written", LIST(K(KEY_WRITTEN)),
         "written registry entry", "written registry entries", "注册表项", "it wrote", "写入了"),
    KEYS(KEY_DELETED, "registry_deleted", LIST(K(KEY_DELETED)),
         "deleted registry entry", "deleted registry entries", "注册表项", "it deleted", "删除了"),
    KEYS(KEY_READ, "registry_read", LIST(K(KEY_READ)),
         "read registry entry", "read registry entries", "注册表项", "it read", "读取了"),
    KEYS(KEY_OPENED, "registry_opened", LIST(K(KEY_OPENED)),
         "opened registry key", "opened registry keys", "注册表项", "it opened", "打开了"),
    [TOPIC_PROCESS] = { "processes", LIST(K(PROCESS)), LIST(A(NAME), A(PATH), A(PROCESS_NAME), A(PID)),
                        NOTHING, LIST(A(PID), A(COMMAND_LINE)), AREA_PROCESSES, AS_TERM_PROCESS,
                        "process", "processes", "进程", "个", NULL, NULL },
    [TOPIC_COMMAND] = { "commands", LIST(K(COMMAND), K(PROCESS)), LIST(A(COMMAND), A(COMMAND_LINE)),
                        NOTHING, NOTHING, AREA_PROCESSES, AS_TERM_COMMAND,
                        "command line", "command lines", "命令行", "条", "it ran", "执行了" },
    [TOPIC_DOMAIN] = { "domains", LIST(K(DNS), K(DOMAIN)), LIST(A(REQUEST), A(DOMAIN)), NOTHING, NOTHING,
                       AREA_NETWORK, AS_TERM_DOMAIN, "domain", "domains", "域名", "个", "it queried", "查询了" },
    [TOPIC_DNS] = { "dns_queries", LIST(K(DNS)), LIST(A(REQUEST)), NOTHING, LIST(A(TYPE)),
                    AREA_NETWORK, AS_TERM_DOMAIN, "DNS query", "DNS queries", "DNS 查询", "条", "it made", "发起了" },
    [TOPIC_DNS_ANSWER] = { "dns_answers", LIST(K(DNS_ANSWER), K(DOMAIN), K(DNS)), LIST(A(ANSWER), A(IP)),
                           NOTHING, LIST(A(REQUEST), A(DOMAIN)), AREA_NETWORK, AS_TERM_IP,
                           "DNS answer", "DNS answers", "DNS 解析结果", "个", NULL, NULL },
    [TOPIC_DNS_SERVER] = { "dns_servers", LIST(K(DNS_SERVER)), LIST(A(IP)), NOTHING, NOTHING, AREA_NETWORK,
                           AS_TERM_IP, "DNS server", "DNS servers", "DNS 服务器", "个", NULL, NULL },
    [TOPIC_IP] = { "ip_addresses", LIST(K(HOST), K(CONNECTION), K(SOCKET)), LIST(A(IP), A(DST)), NOTHING,
                   LIST(A(COUNTRY), A(HOSTNAME)), AREA_NETWORK, AS_TERM_IP,
                   "IP address", "IP addresses", "IP 地址", "个", "it contacted", "访问了" },
    [TOPIC_CONNECTION] = { "connections", LIST(K(CONNECTION)), LIST(A(DST), A(SRC)), NOTHING,
                           LIST(A(PROTOCOL), A(PROCESS_NAME), A(PROCESS_PATH)), AREA_NETWORK, AS_TERM_IP,
                           "connection", "connections", "网络连接", "个", "it made", "建立了" },
    [TOPIC_SOCKET] = { "sockets", LIST(K(SOCKET)), LIST(A(SRC)), NOTHING,
                       LIST(A(DST), A(PROTOCOL), A(STATUS), A(PROCESS_NAME)), AREA_NETWORK, AS_TERM_IP,
                       "socket", "sockets", "套接字", "个", NULL, NULL },
    [TOPIC_HTTP] = { "http_requests", LIST(K(HTTP)), LIST(A(URL), A(URI)), NOTHING,
                     LIST(A(METHOD), A(STATUS), A(USER_AGENT)), AREA_NETWORK, AS_TERM_URL,
                     "HTTP request", "HTTP requests", "HTTP 请求", "个", "it made", "发起了" },
    [TOPIC_URL] = { "urls", LIST(K(HTTP), K(NETWORK_DETAIL)), LIST(A(URL), A(URI), A(VALUE)), NOTHING, LIST(A(METHOD)), AREA_NETWORK,
                    AS_TERM_URL, "URL", "URLs", "URL", "个", "it requested", "请求了" },
    [TOPIC_TLS] = { "tls", LIST(K(TLS)), LIST(A(SNI), A(DST)), NOTHING, LIST(A(DST), A(JA3)), AREA_NETWORK,
                    AS_TERM_DOMAIN, "TLS handshake", "TLS handshakes", "TLS 握手", "次", "it made", "发起了" },
    [TOPIC_ICMP] = { "icmp", LIST(K(ICMP)), LIST(A(DST)), NOTHING, LIST(A(TYPE)), AREA_NETWORK, AS_TERM_IP,
                     "ICMP message", "ICMP messages", "ICMP 报文", "个", "it sent", "发送了" },
    [TOPIC_SMTP] = { "smtp", LIST(K(SMTP)), LIST(A(DST), A(HOSTNAME)), NOTHING, LIST(A(FROM), A(TO)),
                     AREA_NETWORK, AS_TERM_IP, "SMTP session", "SMTP sessions", "SMTP 会话", "个", "it had", "发起了" },
    [TOPIC_IRC] = { "irc", LIST(K(IRC)), LIST(A(COMMAND)), NOTHING, LIST(A(VALUE)), AREA_NETWORK, -1,
                    "IRC message", "IRC messages", "IRC 消息", "条", "it sent", "发送了" },
    [TOPIC_SSH] = { "ssh", LIST(K(SSH)), LIST(A(DST)), NOTHING, LIST(A(DPORT)), AREA_NETWORK, AS_TERM_IP,
                    "SSH handshake", "SSH handshakes", "SSH 握手", "次", "it made", "发起了" },
    [TOPIC_SHARE] = { "shares", LIST(K(SHARE_ACCESS)), LIST(A(NAME)), NOTHING, LIST(A(USER), A(SRC)), AREA_NETWORK, -1,
                      "network share", "network shares", "网络共享", "个", "it accessed", "访问了" },
    [TOPIC_DEAD_HOST] = { "dead_hosts", LIST(K(DEAD_HOST)), LIST(A(IP)), NOTHING, LIST(A(DPORT)), AREA_NETWORK,
                          AS_TERM_IP, "host that did not answer", "hosts that did not answer", "无响应的主机", "个", NULL, NULL },
    [TOPIC_NETWORK] = { "network", LIST(K(HOST), K(CONNECTION), K(DNS), K(DOMAIN), K(HTTP), K(TLS), K(ICMP),
                        K(SMTP), K(IRC), K(SSH), K(DEAD_HOST), K(SOCKET_CALL), K(SOCKET), K(SHARE_ACCESS)),
                        LIST(A(REQUEST), A(DOMAIN), A(URL), A(IP), A(DST), A(NAME)), NOTHING,
                        LIST(A(DPORT), A(PROTOCOL)), AREA_NETWORK, -1,
                        "network activity", "network activities", "网络行为", "项", NULL, NULL },
    [TOPIC_SIGNATURE] = { "signatures", LIST(K(SIGNATURE)), LIST(A(NAME), A(TITLE), A(ID), A(DESCRIPTION)), NOTHING,
                          LIST(A(DESCRIPTION), A(SEVERITY)), AREA_SIGNATURES, AS_TERM_SIGNATURE,
                          "behaviour signature", "behaviour signatures", "行为特征", "个", NULL, NULL },
    [TOPIC_YARA] = { "yara", LIST(K(YARA)), LIST(A(RULE)), NOTHING, LIST(A(DESCRIPTION)), AREA_YARA, AS_TERM_YARA,
                     "YARA rule", "YARA rules", "YARA 规则", "条", "it matches", "命中了" },
    [TOPIC_IDS] = { "ids_alerts", LIST(K(IDS_ALERT)), LIST(A(SIGNATURE), A(TITLE), A(NAME)), NOTHING,
                    LIST(A(SID), A(CATEGORY), A(DST)), AREA_IDS, AS_TERM_IDS,
                    "IDS alert", "IDS alerts", "IDS 告警", "条", "it raised", "触发了" },
    [TOPIC_SIGMA] = { "sigma", LIST(K(SIGMA)), LIST(A(TITLE), A(NAME)), NOTHING, LIST(A(LEVEL)), AREA_SIGMA, -1,
                      "Sigma rule", "Sigma rules", "Sigma 规则", "条", "it matches", "命中了" },
    [TOPIC_TECHNIQUE] = { "techniques", LIST(K(TECHNIQUE), K(SIGNATURE)), LIST(A(TECHNIQUE)), NOTHING, LIST(A(NAME), A(TACTIC)),
                          AREA_TECHNIQUES, AS_TERM_TECHNIQUE,
                          "ATT&CK technique", "ATT&CK techniques", "ATT&CK 技术", "项", "it is said to use", "涉及" },
    [TOPIC_TACTIC] = { "tactics", LIST(K(TECHNIQUE)), LIST(A(TACTIC)), NOTHING, NOTHING, AREA_TECHNIQUES, -1,
                       "ATT&CK tactic", "ATT&CK tactics", "ATT&CK 战术", "项", "it is said to follow", "涉及" },
    [TOPIC_CAPABILITY] = { "capabilities", LIST(K(CAPABILITY)), LIST(A(NAME)), NOTHING, LIST(A(NAMESPACE)),
                           AREA_CAPABILITIES, AS_TERM_CAPABILITY, "capability", "capabilities", "能力", "项",
                           "it has", "具备" },
    [TOPIC_MBC] = { "malware_behaviours", LIST(K(MBC)), LIST(A(ID)), NOTHING, LIST(A(NAME), A(METHOD), A(TACTIC)),
                    AREA_CAPABILITIES, -1, "MBC behaviour", "MBC behaviours", "MBC 行为", "项", NULL, NULL },
    [TOPIC_FAMILY] = { "families", LIST(K(FAMILY), K(CONFIG), K(SANDBOX_VERDICT)), LIST(A(FAMILY)), NOTHING, NOTHING, AREA_VERDICT,
                       AS_TERM_FAMILY, "malware family", "malware families", "恶意软件家族", "个", NULL, NULL },
    [TOPIC_ANTIVIRUS] = { "antivirus", LIST(K(ANTIVIRUS), K(CLAMAV)), LIST(A(ENGINE), A(NAME)), NOTHING,
                          LIST(A(RESULT), A(VERDICT)), AREA_ANTIVIRUS, -1,
                          "antivirus detection", "antivirus detections", "杀毒引擎检出", "个", NULL, NULL },
    [TOPIC_AV_SUMMARY] = { "detection_ratio", LIST(K(ANTIVIRUS_SUMMARY)), LIST(A(POSITIVES)), NOTHING, LIST(A(TOTAL)),
                           AREA_ANTIVIRUS, -1, "detection ratio", "detection ratios", "检出率", "个", NULL, NULL },
    [TOPIC_CLAMAV] = { "clamav", LIST(K(CLAMAV)), LIST(A(NAME)), NOTHING, NOTHING, AREA_ANTIVIRUS, -1,
                       "ClamAV match", "ClamAV matches", "ClamAV 命中", "条", NULL, NULL },
    [TOPIC_SCORE] = { "scores", LIST(K(SCORE), K(ANALYSIS), K(TASK)), LIST(A(SCORE)), NOTHING, LIST(A(NAME), A(VERDICT)), AREA_VERDICT, -1,
                      "score", "scores", "评分", "个", NULL, NULL },
    [TOPIC_VERDICT] = { "verdicts", LIST(K(SANDBOX_VERDICT), K(SAMPLE), K(ANALYSIS), K(SCORE)), LIST(A(VERDICT)), NOTHING,
                        LIST(A(ENVIRONMENT), A(CONFIDENCE)), AREA_VERDICT, -1,
                        "verdict", "verdicts", "判定", "个", NULL, NULL },
    [TOPIC_API] = { "api", LIST(K(API_USE)), LIST(A(API)), NOTHING, NOTHING, AREA_CALLS, AS_TERM_API,
                    "API", "APIs", "API", "个", "it called", "调用了" },
    [TOPIC_MODULE] = { "modules", LIST(K(MODULE), K(MODULE_MAPPED)), LIST(A(PATH), A(NAME)), NOTHING, NOTHING,
                       AREA_PROCESSES, AS_TERM_PATH, "module", "modules", "模块", "个", "it loaded", "加载了" },
    [TOPIC_SERVICE] = { "services", LIST(K(SERVICE_CREATED), K(SERVICE_STARTED), K(SERVICE)), LIST(A(SERVICE), A(NAME)),
                        NOTHING, LIST(A(PATH), A(STATUS)), AREA_SYSTEM, AS_TERM_SERVICE,
                        "service", "services", "服务", "个", NULL, NULL },
    [TOPIC_SERVICE_CREATED] = { "services_created", LIST(K(SERVICE_CREATED)), LIST(A(SERVICE), A(NAME)), NOTHING,
                                LIST(A(PATH)), AREA_SYSTEM, AS_TERM_SERVICE,
                                "created service", "created services", "服务", "个", "it created", "创建了" },
    [TOPIC_SERVICE_STARTED] = { "services_started", LIST(K(SERVICE_STARTED)), LIST(A(SERVICE), A(NAME)), NOTHING,
                                NOTHING, AREA_SYSTEM, AS_TERM_SERVICE,
                                "started service", "started services", "服务", "个", "it started", "启动了" },
    [TOPIC_TASK] = { "tasks", LIST(K(TASK_CREATED), K(TASK_CHANGED), K(SCHEDULED_TASK), K(COMMAND), K(PROCESS)),
                     LIST(A(COMMAND_LINE), A(COMMAND), A(NAME)), NOTHING,
                     LIST(A(COMMAND), A(USER)), AREA_SYSTEM, AS_TERM_TASK,
                     "scheduled task", "scheduled tasks", "计划任务", "个", NULL, NULL },
    [TOPIC_PIPE] = { "pipes", LIST(K(PIPE)), LIST(A(NAME)), NOTHING, LIST(A(OPERATION)), AREA_SYSTEM, AS_TERM_OTHER,
                     "named pipe", "named pipes", "命名管道", "个", NULL, NULL },
    [TOPIC_DRIVER] = { "drivers", LIST(K(DRIVER)), LIST(A(PATH), A(NAME)), NOTHING, NOTHING, AREA_SYSTEM, AS_TERM_PATH,
                       "driver", "drivers", "驱动", "个", "it loaded", "加载了" },
    [TOPIC_COM] = { "com_objects", LIST(K(COM_OBJECT)), LIST(A(ID), A(NAME)), NOTHING, NOTHING, AREA_SYSTEM, -1,
                    "COM object", "COM objects", "COM 对象", "个", "it used", "使用了" },
    [TOPIC_WMI] = { "wmi", LIST(K(WMI_QUERY), K(WMI_SUBSCRIPTION)), LIST(A(COMMAND), A(NAME), A(EVENT_ID)), NOTHING,
                    NOTHING, AREA_SYSTEM, -1, "WMI operation", "WMI operations", "WMI 操作", "个", "it made", "执行了" },
    [TOPIC_WINDOWS_EVENT] = { "windows_events", LIST(K(WINDOWS_EVENT), K(EVENT), K(AUDIT_EVENT)), LIST(A(EVENT_ID), A(OPERATION), A(TYPE)),
                              NOTHING, LIST(A(SOURCE), A(CHANNEL)), AREA_SYSTEM, -1,
                              "event", "events", "事件", "个", NULL, NULL },
    [TOPIC_INJECTION] = { "injections", LIST(K(INJECTION), K(REMOTE_THREAD)), LIST(A(TARGET_PATH), A(TARGET_PROCESS), A(TARGET_PID)),
                          NOTHING, LIST(A(TARGET_PID)), AREA_PROCESSES, AS_TERM_PROCESS,
                          "injected process", "injected processes", "被注入的进程", "个", NULL, NULL },
    [TOPIC_REMOTE_THREAD] = { "remote_threads", LIST(K(REMOTE_THREAD)), LIST(A(TARGET_PATH), A(TARGET_PID)), NOTHING,
                              LIST(A(TARGET_PID), A(PROCESS_PATH)), AREA_PROCESSES, AS_TERM_PROCESS,
                              "remote thread", "remote threads", "远程线程", "个", "it started", "创建了" },
    [TOPIC_PROCESS_ACCESS] = { "process_accesses", LIST(K(PROCESS_ACCESS)), LIST(A(TARGET_PATH), A(TARGET_PID)), NOTHING,
                               LIST(A(ACCESS), A(PROCESS_PATH)), AREA_PROCESSES, AS_TERM_PROCESS,
                               "accessed process", "accessed processes", "被访问的进程", "个", "it accessed", "访问了" },
    [TOPIC_PROCESS_ENDED] = { "processes_ended", LIST(K(PROCESS_ENDED)), LIST(A(PROCESS_PATH), A(PROCESS_NAME), A(PID)), NOTHING,
                              LIST(A(PID)), AREA_PROCESSES, AS_TERM_PROCESS,
                              "ended process", "ended processes", "已结束的进程", "个", NULL, NULL },
    [TOPIC_MEMORY_FINDING] = { "memory_findings", LIST(K(MEMORY_FINDING)), LIST(A(ADDRESS)), LIST(A(ADDRESS)),
                               LIST(A(PROCESS_NAME), A(PID), A(ACCESS)), AREA_MEMORY, -1,
                               "suspicious memory region", "suspicious memory regions", "可疑内存区域", "个", NULL, NULL },
    [TOPIC_MEMORY_REGION] = { "memory_regions", LIST(K(MEMORY_REGION)), LIST(A(ADDRESS)), NOTHING, LIST(A(NAME), A(ACCESS)),
                              AREA_MEMORY, -1, "memory region", "memory regions", "内存区域", "个", NULL, NULL },
    [TOPIC_PAYLOAD] = { "payloads", LIST(K(PAYLOAD)), LIST(A(SHA256), A(NAME)), LIST(A(SHA256), A(NAME)), LIST(A(CAPE_TYPE), A(SIZE), A(TYPE)), AREA_MEMORY, AS_TERM_HASH,
                        "extracted payload", "extracted payloads", "载荷", "个", NULL, NULL },
    [TOPIC_DUMP] = { "dumps", LIST(K(PROCESS_DUMP), K(MEMORY_DUMP)), LIST(A(SHA256), A(HOST_PATH), A(NAME)), NOTHING,
                     LIST(A(PROCESS_NAME), A(PID), A(SIZE)), AREA_MEMORY, AS_TERM_HASH,
                     "memory dump", "memory dumps", "内存转储", "个", NULL, NULL },
    [TOPIC_CONFIG] = { "configuration", LIST(K(CONFIG)), LIST(A(VALUE)), NOTHING, LIST(A(NAME), A(FAMILY)), AREA_CONFIG, -1,
                       "configuration value", "configuration values", "配置项", "项", NULL, NULL },
    [TOPIC_C2] = { "c2", LIST(K(CONFIG)), LIST(A(VALUE)), NOTHING, LIST(A(NAME), A(FAMILY)), AREA_CONFIG, -1,
                   "C2 address", "C2 addresses", "C2 地址", "个", NULL, NULL },
    [TOPIC_CREDENTIAL] = { "credentials", LIST(K(CREDENTIAL), K(STORED_SECRET)), LIST(A(USER)), NOTHING, LIST(A(PASSWORD), A(HOSTNAME)), AREA_CONFIG,
                           -1, "credential", "credentials", "凭据", "个", NULL, NULL },
    [TOPIC_RANSOM_NOTE] = { "ransom_notes", LIST(K(RANSOM_NOTE)), LIST(A(TITLE), A(TEXT)), NOTHING, LIST(A(MAIL), A(WALLET)), AREA_CONFIG,
                            -1, "ransom note", "ransom notes", "勒索信", "封", NULL, NULL },
    [TOPIC_STRING] = { "strings", LIST(K(STRING)), LIST(A(VALUE)), NOTHING, NOTHING, AREA_STRINGS, -1,
                       "string", "strings", "字符串", "个", NULL, NULL },
    [TOPIC_IMPORT] = { "imports", LIST(K(PE_IMPORT)), LIST(A(NAME)), NOTHING, LIST(A(DLL)), AREA_STATIC, AS_TERM_API,
                       "imported function", "imported functions", "导入函数", "个", "it imports", "导入了" },
    [TOPIC_IMPORTED_DLL] = { "imported_dlls", LIST(K(PE_IMPORT)), LIST(A(DLL)), NOTHING, NOTHING, AREA_STATIC, -1,
                             "imported library", "imported libraries", "导入的 DLL", "个", "it imports", "导入了" },
    [TOPIC_EXPORT] = { "exports", LIST(K(PE_EXPORT)), LIST(A(NAME), A(ORDINAL)), NOTHING, NOTHING, AREA_STATIC, AS_TERM_OTHER,
                       "exported function", "exported functions", "导出函数", "个", "it exports", "导出了" },
    [TOPIC_SECTION] = { "sections", LIST(K(PE_SECTION)), LIST(A(NAME)), NOTHING, LIST(A(ENTROPY), A(RAW_SIZE)), AREA_STATIC, AS_TERM_OTHER,
                        "section", "sections", "节", "个", NULL, NULL },
    [TOPIC_RESOURCE] = { "resources", LIST(K(PE_RESOURCE)), LIST(A(NAME)), NOTHING, LIST(A(LANGUAGE), A(RAW_SIZE)), AREA_STATIC,
                         AS_TERM_OTHER, "resource", "resources", "资源", "个", NULL, NULL },
    [TOPIC_CERTIFICATE] = { "certificates", LIST(K(CERTIFICATE)), LIST(A(SUBJECT), A(SERIAL)), NOTHING, LIST(A(ISSUER), A(SERIAL)),
                            AREA_STATIC, AS_TERM_OTHER, "certificate", "certificates", "证书", "个", NULL, NULL },
    [TOPIC_SCREENSHOT] = { "screenshots", LIST(K(SCREENSHOT)), LIST(A(NAME), A(HOST_PATH)), NOTHING, NOTHING, AREA_SCREENSHOTS, -1,
                           "screenshot", "screenshots", "截图", "张", NULL, NULL },
    [TOPIC_SCRIPT] = { "scripts", LIST(K(SCRIPT)), LIST(A(NAME), A(TEXT)), NOTHING, LIST(A(PATH)), AREA_PROCESSES, -1,
                       "script", "scripts", "脚本", "个", "it ran", "执行了" },
    [TOPIC_LOGON] = { "logons", LIST(K(LOGON)), LIST(A(USER)), NOTHING, LIST(A(TYPE), A(SRC)), AREA_LOGONS, AS_TERM_USER,
                      "logon", "logons", "登录", "次", NULL, NULL },
    [TOPIC_LOGON_FAILED] = { "failed_logons", LIST(K(LOGON_FAILED)), LIST(A(USER)), NOTHING, LIST(A(TYPE), A(SRC)), AREA_LOGONS,
                             AS_TERM_USER, "failed logon", "failed logons", "失败的登录", "次", NULL, NULL },
    [TOPIC_ACCOUNT] = { "account_changes", LIST(K(ACCOUNT_CHANGED), K(GROUP_CHANGED)), LIST(A(NAME), A(USER)), NOTHING, LIST(A(OPERATION)),
                        AREA_LOGONS, AS_TERM_USER, "account change", "account changes", "账户变更", "次", NULL, NULL },
    [TOPIC_USER] = { "users", LIST(K(LOGON), K(LOGON_FAILED), K(AUTHENTICATION), K(PROCESS)), LIST(A(USER)), NOTHING, NOTHING,
                     AREA_LOGONS, AS_TERM_USER, "user", "users", "用户", "个", NULL, NULL },
    [TOPIC_LOG_CLEARED] = { "logs_cleared", LIST(K(LOG_CLEARED)), LIST(A(CHANNEL)), NOTHING, LIST(A(USER), A(TIME)), AREA_SYSTEM, -1,
                            "cleared log", "cleared logs", "被清除的日志", "个", NULL, NULL },
    [TOPIC_OBJECT_ACCESS] = { "object_accesses", LIST(K(OBJECT_ACCESS)), LIST(A(OBJECT)), NOTHING, LIST(A(TYPE), A(USER)), AREA_FILES, -1,
                              "audited object", "audited objects", "受审核对象", "个", NULL, NULL },
    [TOPIC_KERNEL_MODULE] = { "kernel_modules", LIST(K(KERNEL_MODULE)), LIST(A(NAME)), NOTHING, LIST(A(PATH)), AREA_MEMORY, AS_TERM_OTHER,
                              "kernel module", "kernel modules", "内核模块", "个", NULL, NULL },
    [TOPIC_HANDLE] = { "handles", LIST(K(HANDLE)), LIST(A(PATH), A(NAME), A(ID)), NOTHING, LIST(A(TYPE)), AREA_PROCESSES, -1,
                       "handle", "handles", "句柄", "个", NULL, NULL },
    [TOPIC_EXTRACTED] = { "extracted_files", LIST(K(EXTRACTED)), LIST(A(PATH), A(HOST_PATH), A(SHA256)), LIST(A(SHA256), A(HOST_PATH)),
                          LIST(A(TYPE), A(SIZE)), AREA_CONFIG, AS_TERM_FILE,
                          "extracted file", "extracted files", "提取的文件", "个", NULL, NULL },
    [TOPIC_PERSISTENCE] = { "persistence", LIST(K(KEY_WRITTEN), K(FILE_WRITTEN), K(FILE_CREATED), K(SERVICE_CREATED), K(TASK_CREATED),
                            K(COMMAND), K(PROCESS), K(WMI_SUBSCRIPTION), K(SIGNATURE), K(TECHNIQUE), K(CAPABILITY)),
                            LIST(A(KEY), A(SERVICE), A(COMMAND), A(COMMAND_LINE), A(PATH), A(TECHNIQUE), A(NAME)), NOTHING,
                            LIST(A(DESCRIPTION)), AREA_SIGNATURES, -1,
                            "trace of persistence", "traces of persistence", "持久化痕迹", "项", NULL, NULL },
    [TOPIC_BEHAVIOUR] = { "behaviour", LIST(K(SIGNATURE), K(CAPABILITY), K(TECHNIQUE), K(MBC), K(SCRIPT_BEHAVIOUR), K(SIGMA), K(ANOMALY)),
                          LIST(A(NAME), A(TITLE), A(TECHNIQUE), A(ID)), NOTHING, LIST(A(DESCRIPTION), A(NAMESPACE), A(TACTIC)),
                          AREA_SIGNATURES, -1, "sign of it", "signs of it", "相关迹象", "项", NULL, NULL },
    [TOPIC_TOOL_ERROR] = { "errors", LIST(K(TOOL_ERROR), K(EMULATION_STOP)), LIST(A(TEXT), A(ERROR)), NOTHING, NOTHING, AREA_RUN, -1,
                           "error of the tool", "errors of the tool", "工具报错", "条", NULL, NULL },
    [TOPIC_KIND] = { "facts", NOTHING, NOTHING, NOTHING, NOTHING, AREA_RUN, -1,
                     "fact", "facts", "事实", "条", NULL, NULL },
};

/* clang-format on */

const topic *topic_get(topic_id id)
{
    return &topics[id];
}

static bool text_has_any(as_bytes text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (as_bytes_has_nocase(text, words[i]))
            return true;
    }
    return false;
}

/* A name under which configurations keep where the sample reports to. */
static bool is_c2(const as_row *row)
{
    static const char *const names[] = {"c2",         "cnc",     "c&c",      "server", "host",
                                        "url",        "address", "domain",   "gate",   "panel",
                                        "controller", "netloc",  "endpoint", "ips"};
    static const char *const other[] = {"user-agent", "useragent", "port", "path", "header"};
    as_bytes name = as_row_text(row, AS_ATTR_NAME);

    return text_has_any(name, names, AS_COUNT(names)) &&
           !text_has_any(name, other, AS_COUNT(other));
}

static bool is_persistence(const as_row *row)
{
    static const char *const keys[] = {"\\currentversion\\run",
                                       "\\winlogon\\shell",
                                       "\\winlogon\\userinit",
                                       "\\image file execution options\\",
                                       "\\appinit_dlls",
                                       "\\active setup\\installed components",
                                       "\\schedule\\taskcache\\",
                                       "\\imagepath",
                                       "\\servicedll"};
    static const char *const files[] = {"\\start menu\\programs\\startup\\",
                                        "\\windows\\system32\\tasks\\",
                                        "\\windows\\tasks\\",
                                        "/etc/cron",
                                        "/etc/init.d/",
                                        "/etc/systemd/",
                                        "/.config/autostart/"};
    static const char *const commands[] = {
        "schtasks", "sc create", "sc.exe create", "new-service", "register-scheduledtask",
        "crontab"};
    static const char *const named[] = {"persist", "autorun", "startup", "autostart"};
    static const char *const techniques[] = {"T1547", "T1543", "T1053", "T1546", "T1037"};

    switch ((int)row->kind) {
    case AS_KIND_SERVICE_CREATED:
    case AS_KIND_TASK_CREATED:
    case AS_KIND_WMI_SUBSCRIPTION:
        return true;
    case AS_KIND_KEY_WRITTEN:
        return text_has_any(as_row_text(row, AS_ATTR_KEY), keys, AS_COUNT(keys));
    case AS_KIND_FILE_WRITTEN:
    case AS_KIND_FILE_CREATED:
        return text_has_any(as_row_text(row, AS_ATTR_PATH), files, AS_COUNT(files));
    case AS_KIND_COMMAND:
        return text_has_any(as_row_text(row, AS_ATTR_COMMAND), commands, AS_COUNT(commands));
    case AS_KIND_PROCESS:
        return text_has_any(as_row_text(row, AS_ATTR_COMMAND_LINE), commands, AS_COUNT(commands));
    case AS_KIND_TECHNIQUE:
        return text_has_any(as_row_text(row, AS_ATTR_TECHNIQUE), techniques, AS_COUNT(techniques));
    case AS_KIND_CAPABILITY:
        return text_has_any(as_row_text(row, AS_ATTR_NAMESPACE), named, AS_COUNT(named));
    default:
        return text_has_any(as_row_text(row, AS_ATTR_NAME), named, AS_COUNT(named)) ||
               text_has_any(as_row_text(row, AS_ATTR_DESCRIPTION), named, AS_COUNT(named));
    }
}

static bool has_attr(const as_row *row, as_attr_name name)
{
    as_row_attr attr;

    return as_row_attr_get(row, name, &attr);
}

static bool antivirus_found(const as_row *row)
{
    as_row_attr attr;

    if (row->kind == AS_KIND_CLAMAV || has_attr(row, AS_ATTR_RESULT))
        return true;
    if (as_row_attr_get(row, AS_ATTR_DETECTED, &attr))
        return attr.form == AS_FORM_TRUE;
    return as_bytes_is(as_row_text(row, AS_ATTR_VERDICT), "malicious");
}

/* A command that registers a task, where the tool tells commands and no tasks. */
static bool makes_task(const as_row *row)
{
    static const char *const words[] = {"schtasks", "register-scheduledtask", "crontab"};
    static const char *const verbs[] = {"create", "register-scheduledtask", "crontab"};
    as_bytes text =
        as_row_text(row, row->kind == AS_KIND_COMMAND ? AS_ATTR_COMMAND : AS_ATTR_COMMAND_LINE);

    return text_has_any(text, words, AS_COUNT(words)) && text_has_any(text, verbs, AS_COUNT(verbs));
}

/* Neither an address of the machine's own network talk nor one that names nobody. */
static bool is_endpoint(as_bytes ip)
{
    static const char *const heads[] = {"224.",  "239.", "255.", "127.", "0.0.0.0",
                                        "ff02:", "::",   "*",    "fe80:"};
    char text[64];

    if (ip.n == 0 || ip.n >= sizeof(text))
        return false;
    memcpy(text, ip.p, ip.n);
    text[ip.n] = '\0';
    for (size_t i = 0; i < AS_COUNT(heads); i++) {
        if (strncmp(text, heads[i], strlen(heads[i])) == 0)
            return false;
    }
    return !as_bytes_ends_nocase(ip, ".255");
}

bool topic_takes(topic_id id, const as_row *row)
{
    switch ((int)id) {
    case TOPIC_C2:
        return is_c2(row);
    case TOPIC_PERSISTENCE:
        return is_persistence(row);
    case TOPIC_ANTIVIRUS:
        return antivirus_found(row);
    case TOPIC_TASK:
        return (row->kind != AS_KIND_COMMAND && row->kind != AS_KIND_PROCESS) || makes_task(row);
    case TOPIC_URL:
        return row->kind != AS_KIND_NETWORK_DETAIL ||
               as_bytes_has_nocase(as_row_text(row, AS_ATTR_VALUE), "://");
    case TOPIC_IP:
        return row->kind == AS_KIND_HOST || is_endpoint(as_row_text(row, AS_ATTR_DST));
    default:
        return true;
    }
}

static const struct {
    const char *en, *zh;
} areas[AREA_COUNT] = {
#define AS_X(id, en, zh) [AREA_##id] = {en, zh},
    AREA_MAP(AS_X)
#undef AS_X
};

const char *area_name(topic_area a, as_lang lang)
{
    return lang == AS_LANG_ZH ? areas[a].zh : areas[a].en;
}
