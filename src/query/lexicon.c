#include "query/query_priv.h"

#include "base/hash.h"

#include <string.h>

#include "base/banned.h"

/* clang-format off */

/*
 * What analysts say, in both languages. A phrase is words; Latin words are compared by
 * their stems (word_stem), so one form of each is enough. '|' stands between phrases. The
 * longest phrase that fits wins; of equals the earlier row.
 */
typedef struct entry {
    sign_id id;
    int arg;
    const char *phrases;
    const char *text; /* keywords of a behaviour */
} entry;

#define T(id, phrases) { SIGN_TOPIC, TOPIC_##id, phrases, NULL }
#define V(id, phrases) { SIGN_VERB, VERB_##id, phrases, NULL }
#define S(id, phrases) { SIGN_SELECT, SELECT_##id, phrases, NULL }
#define U(id, phrases) { SIGN_SUPER, SUPER_##id, phrases, NULL }
#define G(id, phrases) { SIGN_##id, 0, phrases, NULL }
#define B(words, phrases) { SIGN_BEHAVIOUR, 0, phrases, words }

static const entry entries[] = {
    /* --- what it is about -------------------------------------------------------------------- */
    T(MUTEX, "mutex|mutexes|mutexe|mutant|mutants|mutual exclusion|mutex object|互斥体|互斥量|互斥锁|互斥对象|互斥信号量|互斥"),
    T(DROPPED, "dropped file|file dropped|dropper file|dropped binary|dropped executable|dropped artifact|dropped payload|released file|释放的文件|释放文件|释放出的文件|投放的文件|投放文件|落地文件|落地的文件|释放物|衍生文件|释放了的文件"),
    T(FILE, "file|files|文件|file activity|file operation|file behavior|file behaviour|file system activity|文件操作|文件行为|文件活动"),
    T(FILE_PROBED, "file existence|probed file"),
    T(FILE_FAILED, "failed file|file failure"),
    T(DIR_CREATED, "directory created|folder created|created directory|created folder|创建的目录|创建目录|创建文件夹|新建目录"),
    T(DIR_LISTED, "enumerated directory|directory enumeration|枚举的目录|枚举目录|遍历目录|遍历的目录"),
    T(REGISTRY, "registry|registry key|reg key|regkey|registry entry|registry operation|registry activity|registry value|registry behavior|注册表|注册表项|注册表键|注册表操作|注册表行为|注册表键值|注册表值|键值"),
    T(PROCESS, "process|processes|program|executable process|process tree|进程|程序|进程行为|进程树"),
    T(COMMAND, "command line|commandline|command|cmdline|cmd line|shell command|command execution|命令行|命令|cmd 命令|命令行参数"),
    T(DOMAIN, "domain|domain name|domains|hostname queried|fqdn|dns name|域名|网域|dns 域名"),
    T(DNS, "dns|dns query|dns request|dns lookup|dns activity|name resolution|dns 查询|dns 请求|dns 解析|dns 行为|域名查询|域名请求"),
    T(DNS_ANSWER, "dns answer|dns response|dns result|dns record|query result|resolution result|resolved address|resolved ip|resolved ip address|lookup result|query response|解析结果|查询结果|解析地址|解析的地址|解析到的地址|解析出的地址|解析ip|解析记录|解析出的ip|dns 结果|dns 应答|dns 响应"),
    T(DNS_SERVER, "dns server|name server|nameserver|dns 服务器|域名服务器"),
    T(IP, "ip|ips|ip address|ip addr|address|remote address|remote host|remote ip|contacted host|host contacted|host|remote server|endpoint|destination address|destination ip|destination|目的地址|目标地址|目的 ip|目标 ip|远程地址|远程主机|远程 ip|ip 地址|地址|主机|外联地址|外联 ip|通信地址|回连地址"),
    T(CONNECTION, "connection|network connection|tcp connection|udp connection|tcp session|outbound connection|flow|traffic flow|socket connection|连接|网络连接|tcp 连接|udp 连接|外联|外连|会话|流量连接|通信连接"),
    T(SOCKET, "socket|listening socket|listening port|open port|监听端口|监听的端口|套接字|开放端口"),
    T(HTTP, "http|http request|http traffic|web request|http connection|https request|http 请求|http 流量|http 通信|网页请求|web 请求"),
    T(URL, "url|urls|uri|link|web address|网址|链接|url 地址"),
    T(TLS, "tls|ssl|tls handshake|tls connection|tls session|https|tls traffic|tls 握手|tls 连接|ssl 连接|加密连接|加密通信"),
    T(ICMP, "icmp|ping|icmp message|icmp traffic|icmp 报文|icmp 流量|icmp 通信"),
    T(SMTP, "smtp|email traffic|mail traffic|smtp traffic|send email|send mail|发送邮件|邮件通信|邮件|smtp 通信"),
    T(IRC, "irc|irc traffic|irc 通信"),
    T(SSH, "ssh|ssh connection|ssh 连接"),
    T(SHARE, "network share|smb share|file share|shared folder|网络共享|共享目录|共享文件夹"),
    T(DEAD_HOST, "dead host|unreachable host|unresponsive host|host that did not answer|无响应的主机|未响应的主机|死主机|无法连接的主机"),
    T(NETWORK, "network|network behavior|network behaviour|network activity|network traffic|network communication|network access|internet|internet access|network operation|traffic|communicate|go online|网络|网络行为|网络活动|网络通信|网络流量|联网行为|联网|上网|网络访问|网络操作|通信行为|流量|通信|外联行为|网络连接行为"),
    T(SIGNATURE, "签名|signature|behavior signature|behavioral signature|behaviour|behavior|behavioural indicator|behavioral indicator|indicator|rule triggered|malicious behavior|malicious activity|triggered rule|行为|行为特征|特征|行为签名|签名特征|恶意行为|指标|行为规则|触发的规则|检测规则|触发规则|heuristic|heuristics|启发式"),
    T(YARA, "yara|yara rule|yara hit|yara match|yara signature|yara 规则|yara 命中|雅拉规则|雅拉"),
    T(IDS, "ids|ids alert|ids rule|ids traffic rule|ids traffic|ids signature|suricata|suricata alert|snort|snort alert|intrusion detection|network alert|traffic rule|network signature|nids|ids 告警|ids 规则|ids 流量规则|ids 报警|流量规则|流量告警|入侵检测|入侵检测规则|网络告警|流量检测规则"),
    T(SIGMA, "sigma|sigma rule|sigma match|sigma 规则|sigma 命中"),
    T(TECHNIQUE, "technique|attack technique|mitre|mitre technique|mitre att ck|att ck|att ck technique|att&ck|ttp|ttps|mitre attack|attack id|技术|攻击技术|att&ck 技术|战术技术|att ck 技术|攻击手法|mitre 技术|att&ck"),
    T(TACTIC, "tactic|attack tactic|mitre tactic|战术|att&ck 战术|att ck 战术|攻击战术"),
    T(CAPABILITY, "capability|capabilities|capa rule|capa match|what can it do|能力|功能|具备的能力|capa 规则|capa 能力|具备能力"),
    T(MBC, "mbc|malware behavior catalog|malware behaviour catalog|mbc behavior|mbc behaviour|mbc objective|mbc 行为|恶意行为目录"),
    T(FAMILY, "病毒家族名|家族名称|family name|family|malware family|malware families|malfamily|families|家族|恶意家族|病毒家族|木马家族|恶意软件家族|恶意代码家族"),
    T(ANTIVIRUS, "vt|vt detection|vt detections|detections|detection|engines|antivirus|av|av engine|antivirus engine|av detection|av vendor|engine|virustotal|scanner|virus scanner|vendor|detected by|杀毒引擎|杀软|杀毒软件|引擎|反病毒引擎|厂商|报毒|查杀"),
    T(AV_SUMMARY, "detection ratio|detection rate|positives|virustotal score|vt score|检出率|检出数|报毒数|查杀率"),
    T(CLAMAV, "clamav"),
    T(API, "api|apis|api call|api function|windows api|win32 api|system call|syscall|api 调用|api 函数|系统调用|调用的 api|函数调用|接口"),
    T(MODULE, "dll|dlls|module|modules|loaded dll|loaded module|library loaded|loaded library|image loaded|shared library|动态库|动态链接库|模块|加载的模块|加载的 dll|加载的动态库"),
    T(SERVICE, "service|services|windows service|服务|系统服务|windows 服务"),
    T(TASK, "scheduled task|schedule task|task scheduler|scheduled job|task|tasks|schtask|计划任务|定时任务|任务计划"),
    T(PIPE, "named pipe|pipe|pipes|命名管道|管道"),
    T(DRIVER, "driver|drivers|kernel driver|驱动|驱动程序|内核驱动"),
    T(COM, "com object|com class|clsid|guid|com 对象|com 组件|com 接口"),
    T(WMI, "wmi|wmi query|wmi subscription|wmi operation|wmi 查询|wmi 操作|wmi 订阅|wmi 事件"),
    T(WINDOWS_EVENT, "event|events|windows event|log event|event log|事件|日志事件|系统事件|windows 事件|事件日志"),
    T(INJECTION, "injection|process injection|code injection|injected process|注入|进程注入|代码注入|注入行为|被注入的进程|注入进程"),
    T(REMOTE_THREAD, "thread created in another process|thread in another process|remote thread creation|create a thread in another process|在其他进程中创建线程|远程创建线程|在别的进程里创建线程|remote thread|createremotethread|remote threads|远程线程"),
    T(PROCESS_ACCESS, "process access|opened process|accessed process|process handle opened|进程访问|打开的进程|被访问的进程"),
    T(PROCESS_ENDED, "terminated process|process termination|ended process|exited process|killed process|结束的进程|终止的进程|退出的进程|进程退出|进程终止"),
    T(MEMORY_FINDING, "可疑区域|注入区域|suspicious memory areas|可疑的内存区域|可疑的内存段|被注入的内存区域|被注入的内存|注入的内存区域|注入的内存|injected memory region|suspicious memory area|malfind hit|malfind hits|malfind result|malfind 命中|malfind 结果|malfind|injected code region|suspicious memory|suspicious memory region|suspicious region|injected memory|memory finding|rwx memory|rwx region|可疑内存|可疑内存区域|注入代码|内存注入|可疑内存段"),
    T(MEMORY_REGION, "memory region|memory area|memory section|内存区域|内存段|内存区"),
    T(PAYLOAD, "payload|payloads|extracted payload|unpacked payload|cape payload|载荷|有效载荷|payload 文件|提取的载荷|脱壳载荷"),
    T(DUMP, "memory dump|process dump|procdump|dump|dumps|内存转储|进程转储|转储|内存 dump|转储文件"),
    T(CONFIG, "config|configuration|malware config|extracted config|malware configuration|config value|configuration value|extracted configuration|配置|恶意配置|配置信息|提取的配置|配置项|恶意软件配置"),
    T(C2, "c2|c2 server|c2 address|c2 servers|cnc|c&c|c&c server|command and control|command and control server|c 2|control server|callback address|回连|c2 地址|c2 服务器|c&c 服务器|控制服务器|控制端|远控地址|远控服务器|命令与控制|控制地址|远控"),
    T(CREDENTIAL, "credential|credentials|password|account credential|stolen credential|凭据|凭证|密码|账号密码|口令"),
    T(RANSOM_NOTE, "ransom note|ransom message|勒索信|勒索信息|勒索说明"),
    T(STRING, "string|strings|embedded string|static string|字符串|字符|静态字符串"),
    T(IMPORT, "导入|导入了|import|imports|imported function|imported api|import table|iat|导入函数|导入表|导入的函数|导入的 api|导入项"),
    T(IMPORTED_DLL, "imported dll|imported library|import dll|imported dlls|导入的 dll|导入 dll|导入的库|导入库|导入的动态库"),
    T(EXPORT, "export|exports|exported function|export table|导出函数|导出表|导出的函数"),
    T(SECTION, "section|sections|pe section|section table|节|节区|区段|节表|pe 节|段表"),
    T(RESOURCE, "resource|resources|pe resource|资源|pe 资源|资源段"),
    T(CERTIFICATE, "certificate|certificates|digital signature|signer|code signing|digitally signed|signed by|code signature|证书|数字签名|签名者|签名证书|代码签名"),
    T(SCREENSHOT, "screenshot|screenshots|screen shot|截图|屏幕截图|截屏"),
    T(SCRIPT, "script|scripts|script block|powershell script|scriptblock|脚本|脚本块|powershell 脚本"),
    T(LOGON, "logon|logons|login|logins|log on|sign in|logged on|log in|登录|登陆|登录事件|登录行为"),
    T(LOGON_FAILED, "failed logon|failed login|logon failure|login failure|unsuccessful logon|登录失败|失败的登录|失败登录|登陆失败"),
    T(ACCOUNT, "account change|account created|account modification|user account|account|group change|账户变更|账号变更|账户|账号|新建账户|用户组变更"),
    T(USER, "user|users|username|user name|用户|用户名|哪个用户"),
    T(LOG_CLEARED, "清空了日志|安全日志被清空|日志被清空|日志清空|log cleared|cleared log|log clearing|event log cleared|audit log cleared|clear the log|cleared event log|清除日志|日志被清除|日志清除|清空日志|日志清理|清除了日志|清除事件日志"),
    T(OBJECT_ACCESS, "object access|audited object|对象访问|审核对象"),
    T(KERNEL_MODULE, "kernel module|kernel modules|内核模块"),
    T(HANDLE, "handle|handles|句柄"),
    T(EXTRACTED, "extracted file|extracted artifact|extracted script|提取的文件|提取文件|提取物"),
    T(PERSISTENCE, "run key|run keys|run key value|autorun key|run registry key|start itself at logon|start at logon|run 键|run 项|run 键值|启动注册表项|persistence|persist|persistence mechanism|persistence behavior|autostart|auto start|autorun|auto run|survive a reboot|survive reboot|run at startup|start automatically|startup entry|持久化|驻留|自启动|自启|开机启动|开机自启|启动项|自启动项|持久化机制|持久化行为|维持权限|权限维持"),
    T(TOOL_ERROR, "error of the tool|analysis error|tool error|errors during the analysis|error|errors|分析错误|工具错误|报错|错误"),
    T(SCORE, "打了多少分|打多少分|多少分|得了几分|几分|how high is the score|score|malscore|rating|评分|得分|分数|分值|恶意评分|威胁评分|打分"),
    T(VERDICT, "verdict|conclusion|malicious or benign|判定|判定结果|结论|定性|研判结果"),
    T(RUN, "analysis run|sandbox run|sandbox analysis|分析任务|沙箱任务"),

    /* --- verbs ------------------------------------------------------------------------------- */
    V(DROP, "drop|drops|dropped|dropping|release|released|释放|投放|落地|释放了|释放过|释放出"),
    V(WRITE, "write|writes|wrote|written|writing|set|sets|写入|写|写了|写过|写入了|设置|设置了"),
    V(CREATE, "create|creates|created|creating|add|added|make|made|new|install|installed|register|registered|创建|新建|创建了|建立|建立了|生成|生成了|新增|安装|注册|添加"),
    V(DELETE, "清空|清空了|清掉|被清空|clear|cleared|delete|deletes|deleted|deleting|remove|removed|erase|unlink|wipe|删除|移除|删|删除了|清除|删掉|抹除|删过"),
    V(READ, "read|reads|reading|读取|读|读了|读取了|读过"),
    V(OPEN, "open|opens|opened|opening|打开|打开了|开启"),
    V(MODIFY, "modify|modifies|modified|change|changed|alter|altered|edit|edited|overwrite|overwrote|tamper|修改|更改|改动|篡改|覆盖|修改了|改了|改过|变更"),
    V(MOVE, "move|moved|rename|renamed|移动|重命名|改名"),
    V(COPY, "copy|copies|copied|复制|拷贝"),
    V(QUERY, "query|queries|queried|look up|looked up|lookup|resolve for|ask for|查询|查询了|请求解析|查了"),
    V(CONNECT, "连接过|连接过的|访问过的|connecting|connected to|connect|connects|connected|visit|visited|visits|contact|contacted|reach|reached|communicate with|talk to|talked to|call home|phone home|beacon|connect back|reach out|连接|访问|连接了|访问了|联系|通信了|连|连了|外联了|回连|连到|连接到|连上|连过|访问过|通讯|联到|外连了"),
    V(RUN, "run|runs|ran|execute|executes|executed|start|started|launch|launched|spawn|spawned|invoke|invoked|execution|运行|执行|启动|执行了|启动了|拉起|运行了|跑了|起了"),
    V(LOAD, "load|loads|loaded|加载|载入|加载了"),
    V(INJECT, "inject code into|inject into other|inject|injects|injected|inject into|inject code|注入|注入了|注入到"),
    V(MATCH, "hit|hits|match|matches|matched|trigger|triggered|fire|fired|raise|raised|detect|detected|flag|flagged|命中|匹配|触发|命中了|触发了|检出|检测到|告警"),
    V(CALL, "call|calls|called|调用|调用了|调了"),
    V(ENUMERATE, "enumerate|enumerated|list directory|traverse|枚举|遍历|列举"),
    V(PROBE, "probe|probed|check for|check the existence|check existence|探测|检查是否存在|判断存在"),
    V(REQUEST, "request|requests|requested|请求|请求了"),
    V(USE, "use|uses|used|employ|employed|使用|利用|用了|用到|使用了|用"),
    V(LISTEN, "listen|listens|listened|listening|监听|侦听"),
    V(END, "end|terminate|terminated|exit|exited|kill|killed|结束|终止|退出|杀死|杀掉"),
    V(ACCESS, "access|accesses|accessed|touch|touched|operate on|interact with|操作|操作了|触碰|涉及到"),
    V(DOWNLOAD, "download|downloads|downloaded|fetch|fetched|下载|下载了"),
    V(SEND, "send|sends|sent|upload|uploaded|发送|上传|发送了|发出|外发"),

    /* --- attributes -------------------------------------------------------------------------- */
    S(MD5, "md5|md5 hash|md 5|md5 值"),
    S(SHA1, "sha1|sha 1|sha1 hash|sha1 值"),
    S(SHA256, "sha256|sha 256|sha2|sha256 hash|sha256 值"),
    S(SHA512, "sha512|sha 512"),
    S(SSDEEP, "ssdeep|fuzzy hash|模糊哈希"),
    S(TLSH, "tlsh"),
    S(CRC32, "crc32|crc 32|crc"),
    S(HASHES, "hash|hashes|hash value|checksum|checksums|digest|哈希|哈希值|散列值|散列|hash 值|校验值|摘要"),
    S(IMPHASH, "imphash|import hash|导入哈希|导入表哈希"),
    S(COMPILED, "compile time|compilation time|compile timestamp|compilation timestamp|compiled|when compiled|build time|timestamp of the pe|pe timestamp|link time|编译时间|编译时间戳|编译日期|编译"),
    S(ENTRYPOINT, "entry point|entrypoint|入口点|入口地址"),
    S(IMAGEBASE, "image base|imagebase|映像基址|基地址|镜像基址"),
    S(PDB, "pdb|pdb path|debug path|program database|调试路径|pdb 路径|调试信息路径"),
    S(NAME, "name|file name|filename|names|名称|名字|文件名|名"),
    S(PATH, "path|full path|file path|location|where|路径|完整路径|全路径|位置|在哪|哪里"),
    S(FOLDER, "folder|directory|directories|folders|目录|文件夹"),
    S(EXTENSION, "括展名|扩展名字|后缀名称|文件类型后缀|extension|file extension|suffix|extensions|扩展名|后缀|后缀名|文件后缀|文件扩展名"),
    S(SIZE, "有多大|多大|size|file size|how big|how large|bytes|length in bytes|大小|多大|文件大小|字节数|体积|尺寸|多少字节|字节"),
    S(TYPE, "何种类型|哪种类型|什么种类|哪种格式|type|file type|kind of file|format|filetype|what kind of file|file format|类型|文件类型|格式|文件格式|什么类型|什么文件|哪种文件"),
    S(DURATION, "duration|how long did the analysis|how long does it take|analysis time|run time|runtime|took how long|how long|seconds|time spent|analysis duration|耗时|多久|多长时间|时长|分析时长|分析时间|用时|花了多久|持续时间|运行时长|分析耗时|分析了多久|花了多长时间|多少秒|几秒"),
    S(STARTED, "what day|which day|run take place|哪天分析|分析是什么时候|什么时候运行|start time|started at|when did the analysis start|analysis start|analysis date|begin time|date of analysis|analysis started|开始时间|何时开始|启动时间|分析日期|什么时候开始|分析开始时间"),
    S(ENDED, "end time|ended at|when did the analysis end|finish time|completion time|analysis ended|结束时间|何时结束|完成时间|什么时候结束|分析结束时间"),
    S(MACHINE, "machine|virtual machine|vm|sandbox machine|guest|analysis machine|sandbox vm|guest machine|environment|sandbox environment|虚拟机|分析机|沙箱机器|分析环境|沙箱环境|运行环境|虚机|机器|哪台机器|环境"),
    S(PLATFORM, "platform|operating system|os|system|平台|操作系统|系统平台"),
    S(PACKAGE, "package|analysis package|分析包|分析模块"),
    S(ROUTE, "route|network route|routing|网络路由|路由"),
    S(VERSION, "version|tool version|sandbox version|版本|版本号"),
    S(ANALYSIS_ID, "analysis id|task id|job id|分析编号|任务编号|任务 id|分析 id"),
    S(TOOL, "tool|which sandbox|what sandbox|sandbox|analysis tool|which tool|what tool|沙箱|分析工具|哪个工具|什么工具|工具|哪个沙箱|什么沙箱"),
    S(PID, "pid|pids|process id|process number|process identifier|进程号|进程 id|进程编号"),
    S(PPID, "ppid|parent pid|parent process id|父进程号|父进程 id|父进程 pid"),
    S(PORT, "port|ports|destination port|remote port|dport|port number|端口|目的端口|端口号|目标端口|远程端口|哪个端口"),
    S(SOURCE_PORT, "source port|local port|sport|源端口|本地端口"),
    S(PROTOCOL, "protocol|protocols|transport protocol|协议|传输协议"),
    S(COUNTRY, "country|countries|geolocation|location country|国家|归属地|地理位置|哪个国家|哪些国家"),
    S(USER_AGENT, "user agent|useragent|ua|用户代理|ua 头"),
    S(METHOD, "http method|request method|请求方法|请求方式"),
    S(STATUS, "status code|response code|http status|响应码|状态码|返回码"),
    S(HOSTNAME, "host header|host name|hostname|主机名|主机头"),
    S(DESCRIPTION, "description|描述|说明|介绍"),
    S(SEVERITY, "severity|severity level|级别|严重程度|危险等级|严重级别|等级|严重性"),
    S(CATEGORY, "category|categories|class|类别|分类|种类"),
    S(TIME, "time|timestamp|when|date|时间|什么时候|何时|时间戳|几点|日期|时刻"),
    S(COMPUTER, "computer|computer name|machine name|host computer|计算机|计算机名|主机名称|电脑"),
    S(ENTROPY, "entropy|熵|熵值|信息熵"),
    S(SUBJECT, "subject|主体|使用者"),
    S(ISSUER, "issuer|issued by|certificate authority|颁发者|签发者|颁发机构|签发机构"),
    S(SERIAL, "serial number|serial|序列号"),
    S(JA3, "ja3|ja3 hash|ja3 指纹"),
    S(SNI, "sni|server name indication|服务器名称指示"),
    S(ARCH, "architecture|arch|bitness|32 bit|64 bit|32 bit or 64 bit|架构|位数|多少位|32 位|64 位"),
    S(AUTHOR, "author|作者"),
    S(CHANNEL, "channel|log channel|日志通道|通道"),
    S(EVENT_ID, "event id|event ids|event number|事件 id|事件号|事件编号"),
    S(RESULT, "detection name|virus name|label|检出名|病毒名|检测结果"),

    /* --- superlatives ------------------------------------------------------------------------ */
    U(MOST, "most common|most often|most frequent|most frequently|most commonly|most|commonest|predominant|main|top|most popular|most numerous|最常见|最多|最频繁|次数最多|出现最多|最常|最普遍|数量最多|主要|最多的"),
    U(LEAST, "least common|least often|rarest|least frequent|least|fewest|最少|最罕见|最不常见|次数最少"),
    U(LONGEST, "longest|longest running|longest lived|ran the longest|最长|最久|运行最久|时间最长|运行时间最长"),
    U(SHORTEST, "shortest|shortest lived|最短|时间最短"),
    U(BIGGEST, "biggest|largest|heaviest|greatest|最大|体积最大|最大的"),
    U(SMALLEST, "smallest|tiniest|最小|体积最小"),
    U(FIRST, "first|earliest|initial|the first|第一个|首个|最早|最先|首次|第一|最开始|首先"),
    U(LAST, "last|latest|final|the last|最后|最晚|最后一个|最后一次|末次|最近"),
    U(HIGHEST, "highest|most severe|gravest|most dangerous|maximum|max|severest|most serious|最高|最严重|最危险|最严重的|最高的"),
    U(LOWEST, "lowest|least severe|minimum|min|最低|最轻"),
    {SIGN_FINALLY, 0, "finally|ultimately|in the end|eventually|最终|最后连接|终于|到底", NULL},

    /* --- severity ---------------------------------------------------------------------------- */
    {SIGN_SEVERITY, SEVERITY_HIGH, "high risk|highrisk|high severity|high|dangerous|critical|severe|高危|高风险|高危险|严重|危险|高危行为|高级别|高危害", NULL},
    {SIGN_SEVERITY, SEVERITY_SUSPICIOUS, "suspicious|medium risk|medium severity|medium|moderate|可疑|中危|中风险|中等|可疑行为|中危险", NULL},
    {SIGN_SEVERITY, SEVERITY_NORMAL, "normal|low risk|low severity|low|harmless|informational|benign|ordinary|低危|低风险|普通|正常|一般|低级别|信息类|低危险", NULL},

    /* --- protocols --------------------------------------------------------------------------- */
    {SIGN_PROTOCOL, 6, "tcp", NULL},
    {SIGN_PROTOCOL, 17, "udp", NULL},

    /* --- behaviours that tools name ---------------------------------------------------------- */
    B("antivm|anti-vm|anti_vm|virtual machine|vm detection|antisandbox|anti-sandbox|sandbox evasion|vbox|vmware|T1497", "虚拟机产品|检测哪些虚拟机|能检测哪些虚拟机|anti vm|antivm|virtual machine detection|detect a virtual machine|vm detection|sandbox evasion|anti sandbox|evade sandbox|detect the sandbox|sandbox detection|virtualization evasion|evade the sandbox|vm evasion|detect virtual machines|反虚拟机|虚拟机检测|反沙箱|沙箱逃逸|检测虚拟机|检测沙箱|对抗沙箱|沙箱检测|逃避沙箱|虚拟机逃避"),
    B("antidebug|anti-debug|anti_debug|debugger|T1622", "anti debug|antidebug|debugger detection|detect a debugger|anti debugging|anti analysis|evade debugging|detect debuggers|反调试|检测调试器|调试器检测|对抗调试"),
    B("keylog|key log|keystroke|T1056", "keylogger|keylogging|log keystrokes|record keystrokes|keystroke|key logging|键盘记录|按键记录|记录键盘|记录按键"),
    B("ransom|encrypts files|file encryption|T1486|mass_data_encryption", "ransomware|ransom|encrypt files|encrypt the files|file encryption|encrypting files|勒索|加密文件|勒索行为|文件加密|勒索软件"),
    B("screenshot|screen capture|T1113|capture screen", "capture the screen|capture a screenshot|capture screenshot|screenshot capability|截屏能力|take screenshots|take a screenshot|screen capture|capture screenshots|屏幕截取|窃取屏幕|截取屏幕|抓屏"),
    B("privilege|T1068|T1134|T1548|bypass uac|uac", "privilege escalation|escalate privileges|elevate privileges|uac bypass|bypass uac|提权|权限提升|绕过 uac"),
    B("credential|infostealer|steal|browser_|T1003|T1555|lsass|mimikatz|password", "credential theft|steal credentials|steal passwords|steal information|infostealer|information stealing|steal browser|credential dumping|credential access|steal data|窃取凭据|盗取密码|窃密|窃取信息|凭据窃取|窃取密码|信息窃取|盗号|窃取浏览器"),
    B("delete itself|self_delete|self-delete|deletes_self|deletes itself|deletes its original|T1070.004", "self deletion|delete itself|deletes itself|self delete|自删除|删除自身|自我删除|删除自己"),
    B("pack|packer|upx|T1027.002", "packed|packer|packing|upx|加壳|加壳的|壳|是否加壳"),
    B("obfuscat|encoded|base64|T1027", "obfuscation|obfuscated|obfuscate|encoded|混淆|代码混淆|编码混淆"),
    B("inject|T1055|hollow", "process hollowing|hollowing|傀儡进程|进程镂空|进程掏空"),
    B("powershell|T1059.001", "powershell"),
    B("guard page|guard_page", "guard page|guard pages|保护页"),
    B("stealth_window|hidden window|hide window|T1564.003", "hidden window|hide its window|hide the window|hidden windows|隐藏窗口|窗口隐藏"),
    B("lateral|T1021|psexec|wmiexec", "lateral movement|move laterally|横向移动|横向渗透|内网横移"),
    B("exfiltrat|T1041|T1048|T1567", "exfiltration|exfiltrate|data exfiltration|数据外泄|数据渗出|数据外传|数据回传"),
    B("disable|defender|firewall|T1562|av_detect|antiav", "disable antivirus|disable defender|disable security|disable the firewall|disable windows defender|tamper with security|impair defenses|关闭杀软|禁用杀软|关闭防火墙|禁用防火墙|关闭 defender|对抗杀软|禁用安全软件"),
    B("shadow|vssadmin|T1490|bcdedit", "shadow copy|shadow copies|delete shadow copies|volume shadow|卷影|卷影副本|删除卷影"),
    B("discovery|fingerprint|system information|computername|T1082|T1083|T1057", "system discovery|fingerprint the system|collect system information|gather system information|system information|reconnaissance|discovery|收集系统信息|系统信息收集|信息收集|侦察|探测系统"),
    B("mining|miner|cryptocurrency|T1496", "mining|crypto mining|miner|cryptominer|coin miner|挖矿|挖矿行为|挖矿程序"),
    B("sleep|delay|T1497.003", "sleep|delay execution|delayed execution|stall|延迟执行|休眠|长时间休眠|延时"),
    B("encrypt|cipher|aes|rc4|salsa|des ", "encrypt data|encryption algorithm|encryption algorithms|cipher|ciphers|cryptography|加密数据|加密算法|哪些算法|加解密"),
    B("cookie", "cookie theft|steal cookies|cookies|cookie|窃取 cookie"),
    B("crash|exception", "crash|crashed|崩溃|异常退出"),
    B("clipboard|T1115", "clipboard|剪贴板|剪切板"),
    B("hook|T1056.004", "hook|hooking|钩子|挂钩"),
    B("rootkit|T1014", "rootkit"),

    /* --- the rest of the grammar ------------------------------------------------------------- */
    G(HOW_MANY, "total|in total|一共有多少|总共有多少|共多少|how many|number of|count|count of|how much|total number|what number of|amount of|quantity|counts|多少|几个|几条|数量|个数|多少个|多少条|几次|总数|多少种|共有几|有几|几种|多少次|条数|统计|几张|几项|几"),
    G(WHICH, "是多少|为多少|是几级|是几|which|what|list|show|who|whom|enumerate all|give|tell|name all|display|print|哪些|那些|什么|哪个|那个|哪|列出|有哪些|哪几个|分别|都有|给出|列一下|啥|有啥|哪一个|是啥|哪种|哪条"),
    G(YES_NO, "present|does|did|is there|are there|was there|were there|is it|is the|has|have|do|has it|any|whether|is|are|was|were|can|could|yes or no|no or yes|true or false|吗|是否|有没有|有无|是不是|会不会|能否|能不能|存在吗|存在|么|没有|有吗|可曾|是否存在|有"),
    G(WHEN, "at what time|what time|when was|when did|什么时间|哪天|哪一天"),
    G(NOT, "not|never|no|without|lack|lacks|lacking|none|neither|don t|doesn t|didn t|isn t|aren t|does not|did not|do not|don't|doesn't|didn't|isn't|haven't|hasn't|missing|absent|free of|fail to|没|未|不含|不包含|缺少|没有任何|从未|从不|并未|不存在|无|未曾|不|均无|不具有|未见"),
    G(SAMPLES, "一共有多少个样本|总共有多少个样本|共有多少个样本|一共有几个样本|共有几个样本|有几个样本|有没有样本|是否有样本|哪几个样本|谁家样本|多个样本|若干样本|若干个样本|哪些个样本|more than one sample|one sample alone|several samples|multiple samples|only one sample|exactly one sample|a single sample|只在一个样本|仅在一个样本|只有一个样本|which samples|what samples|which sample|what sample|samples|all samples|every sample|each sample|sample set|across samples|across all samples|any samples|in the store|all the samples|across the store|other samples|of the samples|among the samples|reports|which reports|which report|which log|which logs|which dataset|which file in the store|which documents|which analyses|哪些样本|哪个样本|那些样本|所有样本|全部样本|多少个样本|多少样本|几个样本|各样本|每个样本|样本库|库中|库里|样本中|样本间|样本之间|跨样本|其他样本|其它样本|有样本|哪几个样本|什么样本|所有的样本|全部的样本|哪些报告|哪份报告|所有报告|哪些日志|哪份日志|多少份报告|几份报告|这些样本|两个样本|样本里"),
    G(SAMPLE, "this sample|the sample|sample|this file|the file|this malware|the malware|malware|this report|the report|report|it|this binary|the binary|this log|the log|this memory image|this image|this dump|this capture|this dataset|the trace|this one|该样本|这个样本|样本|此样本|本样本|它|该文件|这个文件|该木马|该恶意软件|这个报告|该报告|报告|恶意软件|恶意样本|恶意代码|木马|病毒|这份报告|本报告|该程序|这份日志|该日志|日志中|日志里|日志|这个日志|内存镜像|该镜像|镜像"),
    G(COMMON, "more than one sample|multiple samples|several samples|more than one|多个样本|若干样本|in common|common to|share|shared|shared by|common|same|overlap|both|intersection|reuse|reused|共同|共有|共享|相同|都|交集|同样|重叠|共用|一样|皆|同时出现"),
    G(ALL, "all of them|every one|all of the samples|common to all|all samples|every sample|each sample|by all|所有样本|全部样本|每个样本|全都|均"),
    G(ONLY, "only one|only in one|unique|unique to|exactly one|single sample|only once|exclusive|exclusively|only|仅|只|独有|唯一|仅在一个|只在一个|只出现|仅出现|独有的|特有|只有一个样本|仅有一个"),
    G(WHO, "which process|what process|which processes|what processes|which program|by which process|by what process|process that|which executable|who|哪个进程|哪些进程|什么进程|由哪个进程|那个进程|是谁|谁|哪个程序|由谁"),
    G(PARENT, "parent|parent process|started by|launched by|spawned by|who started|who launched|父进程|父|由谁启动|谁启动|被谁启动|上级进程|谁拉起"),
    G(CHILD, "child process|child processes|children|subprocess|subprocesses|child|spawned processes|descendant|descendants|子进程|下级进程|派生进程|派生的进程|衍生进程"),
    G(RESOLVE, "resolve to|resolves to|resolved to|resolve|resolves|resolved|point to|points to|解析到|解析为|解析成|解析|指向|对应的 ip|对应 ip|对应的地址|对应什么地址"),
    G(SUMMARY, "is this sample malicious|is it malicious|is the sample malicious|malicious or not|是否恶意|是否为恶意|是恶意的吗|是不是恶意|有恶意吗|恶意吗|summary|summarize|summarise|overview|what does it do|what does this sample do|what is it|describe|tell me about|main behavior|what happened|brief|in short|总结|概述|概括|摘要|总体情况|做了什么|干了什么|主要行为|介绍一下|概况|简述|干了啥|做了啥|是什么东西"),
    G(TIMELINE, "timeline|chronology|in order of time|sequence of events|chronological|时间线|时间轴|时序|先后顺序|按时间"),
    G(DIFFER, "difference|differ|differences|different|compare|compared|versus|vs|not in|区别|差异|不同|对比|比较|差别"),
    G(NONE, "store|database|数据库|存储"),
    G(BY, "by|performed by|done by|caused by|of process|from process|由|被"),
    G(NONE, "mean|meaning|stand for|意思|含义|代表"),
    G(FAILED, "failed|unsuccessful|失败|失败的"),
    G(NONE, "successful|succeeded|success|成功|成功的"),

    /* --- words that say nothing here --------------------------------------------------------- */
    G(NONE, "achieve|establish|exhibit|maintain|gain|implement|support|leverage|utilize|engage|carry|feature|demonstrate|successfully|possess|do anything|kind of|manage|apparently|perhaps|maybe|somehow|really|indeed|longer|more than|distinct|different|unique ones|anywhere|alone|longer|shorter|bigger|larger|smaller|newly|ones|itself|himself|themselves|self|own|had|turned|called|named|known|certain|specific|particular|different|sample set|any kind|at all|once|twice|again|already|here|there is|there are|today|report says|says|say|said|mention|mentioned|mentions|tell|told|write down|wrote down|short|long|new process|big|large|small|high level|quick|quickly|simple|simply|only those|those that|whose|which of|amongst|among|along|together|directly|indirectly|actually|specifically|respective|corresponding|possible|possibly|potential|potentially|currently|normally|usually|typically|mostly|mainly|generally|basically|briefly|the|a|an|of|in|on|at|to|for|with|and|or|that|this|these|those|its|their|there|please|answer|me|us|you|we|i|my|be|been|being|as|into|from|during|while|when it|during its execution|after|before|under|over|via|through|per|than|then|also|so|if|but|just|some|same time|seen|see|found|find|contain|contains|contained|containing|include|included|includes|including|exist|exists|appear|appears|appeared|observed|observe|recorded|record|records|logged|reported|identified|associated|related|involved|belong|belongs|according|based|get|got|gets|know|let|want|need|like|look|kind|kinds|sort|sorts|thing|things|item|items|entry|entries|value|values|information|info|detail|details|data|result|results|altogether|overall|exactly|actually|really|ever|yet|still|out|up|down|off|back|about|between|other|others|another|more|less|own|such|within|inside|across|where it|behind|performed|perform|performs|conduct|conducted|happen|happened|occur|occurred|take|takes|took|taken|go|goes|went|come|comes|came|try|tries|tried|attempt|attempted|attempts|would|should|will|shall|may|might|must|hi|hello|thanks|thank|could you|can you|question|following|given|these days|analysis|analyze|analyse|analyzed|analysed|analyst|sandbox report|static|dynamic|system|machine itself|windows|local|remote|target|malicious|suspected|infected|infection|attack|attacker|activity|activities|operation|operations|action|actions|execution of|object|objects|number|numbers|list of|set of|full|complete|entire|whole|everything|anything|something|nothing|one|two|three|many|few|several|various|multiple|unique ones|separate|respectively|each|every|all|yes|no|true|false|的|了|在|中|里|上|下|和|与|或|及|是|有没|个|条|过|被|对|把|给|将|请|回答|请问|一下|问|我|你|您|想|知道|告诉|看看|看|帮|帮我|这|那|该|其|之|于|从|到|向|为|以|所|而|且|并|但|也|还|就|才|又|再|很|非常|进行|执行过程中|过程|期间|时|后|前|当中|其中|内|外|间|情况|信息|内容|结果|相关|有关|关于|出现|发现|记录|包含|含有|包括|具有|具备|属于|产生|发生|做|干|曾|曾经|已|已经|总共|一共|共|全部|所有|每|各|种|类|项|次|份|条目|数据|分析|恶意|目标|操作过|样|呢|啊|吧|呀|哦|名为|叫|叫做|多|大|小|长|来|去|会|能|可以|需要|要|得|着|地|等|等等|最后的|最|第|它们|他们|她|他|谢谢|麻烦|其他|其它|另外|一个|两个|三个|某|某个"),
};

/* clang-format on */

/* --- stems ------------------------------------------------------------------------------- */

static bool ends(as_bytes w, const char *tail)
{
    size_t n = strlen(tail);

    return w.n >= n + 3 && memcmp(w.p + w.n - n, tail, n) == 0;
}

/*
 * A light stemmer: plural and verb endings off, a doubled last consonant made one. It only
 * has to do the same to the lexicon and to the question.
 */
as_bytes word_stem(as_bytes w)
{
    bool verb = false;

    if (ends(w, "ies") || ends(w, "ied"))
        w.n -= 3;
    else if (ends(w, "sses") || ends(w, "xes") || ends(w, "shes") || ends(w, "ches"))
        w.n -= 2;
    else if (ends(w, "s") && !ends(w, "ss") && !ends(w, "us") && !ends(w, "is"))
        w.n -= 1;
    if (ends(w, "ing") && w.n > 5) {
        w.n -= 3;
        verb = true;
    } else if (ends(w, "ed") && w.n > 4) {
        w.n -= 2;
        verb = true;
    }
    if (verb && w.n > 3 && w.p[w.n - 1] == w.p[w.n - 2] && !strchr("lsz", w.p[w.n - 1]))
        w.n--;
    if (w.n > 3 && (w.p[w.n - 1] == 'e' || w.p[w.n - 1] == 'y'))
        w.n--;
    return w;
}

/* --- words ------------------------------------------------------------------------------- */

static bool is_latin(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || c == '\'' || c == '&';
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static size_t char_length(uint8_t first)
{
    return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

/* "sha256", "c2" and "att&ck" are one word each. */
static size_t latin_length(as_bytes b)
{
    size_t n = 0;

    while (n < b.n && (is_latin(b.p[n]) || is_digit(b.p[n])))
        n++;
    return n;
}

size_t words_cut(as_bytes b, word *ret, size_t cap)
{
    size_t n = 0;

    for (size_t at = 0; at < b.n && n < cap;) {
        size_t length = latin_length((as_bytes){b.p + at, b.n - at});
        as_bytes text = {b.p + at, length};

        if (length > 0) {
            bool latin = is_latin(b.p[at]);

            ret[n++] = (word){latin ? word_stem(text) : text, text, at, at + length, latin, false};
            at += length;
            continue;
        }
        length = char_length(b.p[at]);
        length = length > b.n - at ? b.n - at : length;
        if (length >= 3) /* CJK; punctuation of its blocks breaks phrases as a word of no entry */
            ret[n++] =
                (word){{b.p + at, length}, {b.p + at, length}, at, at + length, false, false};
        at += length;
    }
    return n;
}

/* --- the lexicon ------------------------------------------------------------------------- */

#define PHRASE_WORDS 8
#define BUCKETS      4096u

typedef struct phrase {
    as_bytes words[PHRASE_WORDS];
    size_t n;
    const entry *entry;
    struct phrase *next; /* of the same first word */
} phrase;

typedef struct stem {
    as_bytes text;
    as_bytes whole; /* the word as it is written in the lexicon first */
    struct stem *next;
} stem;

struct lexicon {
    phrase *first[BUCKETS];
    stem *stems[BUCKETS];
    stem *wholes[BUCKETS];
    stem *all[8192]; /* Latin words as they are written, for mending */
    size_t n_all;
    uint64_t seed;
};

static size_t bucket(const lexicon *l, as_bytes text)
{
    return (size_t)(as_hash64(text, l->seed) % BUCKETS);
}

static stem *find_in(stem *const *table, size_t at, as_bytes text, bool whole)
{
    stem *s = table[at];

    while (s && !as_bytes_eq(whole ? s->whole : s->text, text))
        s = s->next;
    return s;
}

bool lexicon_knows(const lexicon *l, as_bytes text)
{
    return find_in(l->stems, bucket(l, text), text, false) != NULL;
}

static bool add_to(stem **table, size_t at, as_arena *a, const word *w, stem **ret)
{
    stem *s = as_arena_take(a, 1, sizeof(*s));

    if (!s)
        return false;
    *s = (stem){w->text, w->whole, table[at]};
    table[at] = s;
    *ret = s;
    return true;
}

static bool add_stem(lexicon *l, as_arena *a, const word *w)
{
    size_t at = bucket(l, w->text), whole = bucket(l, w->whole);
    stem *s;

    if (!find_in(l->stems, at, w->text, false) && !add_to(l->stems, at, a, w, &s))
        return false;
    if (!w->latin || w->whole.n < 4 || find_in(l->wholes, whole, w->whole, true))
        return true;
    if (!add_to(l->wholes, whole, a, w, &s))
        return false;
    if (l->n_all < AS_COUNT(l->all))
        l->all[l->n_all++] = s;
    return true;
}

static bool add_phrase(lexicon *l, as_arena *a, const entry *e, as_bytes text)
{
    word words[PHRASE_WORDS];
    size_t n = words_cut(text, words, PHRASE_WORDS);
    phrase *p = as_arena_take(a, 1, sizeof(*p)), **at;

    if (!p || n == 0)
        return p != NULL;
    for (size_t i = 0; i < n; i++) {
        p->words[i] = words[i].text;
        if (!add_stem(l, a, &words[i]))
            return false;
    }
    p->n = n;
    p->entry = e;
    /* Earlier rows stay in front. */
    at = &l->first[bucket(l, p->words[0])];
    while (*at)
        at = &(*at)->next;
    *at = p;
    return true;
}

/* Kinds have names of their own: "raw_disk_read" is asked for as "raw disk read". */
static bool add_kinds(lexicon *l, as_arena *a)
{
    for (int k = 0; k < AS_KIND_COUNT; k++) {
        const char *nouns[] = {as_kind_get((as_kind)k)->name,
                               as_describe_noun(AS_LANG_EN, (as_kind)k),
                               as_describe_noun(AS_LANG_ZH, (as_kind)k)};
        entry *e = as_arena_take(a, 1, sizeof(*e));

        if (!e)
            return false;
        *e = (entry){SIGN_TOPIC, TOPIC_COUNT + k, NULL, NULL};
        for (size_t i = 0; i < AS_COUNT(nouns); i++) {
            as_buf folded = {0};
            as_bytes copy = {0};
            bool ok;

            as_fold(as_bytes_of(nouns[i]), &folded);
            ok = !folded.failed && !as_arena_copy(a, as_buf_bytes(&folded), &copy);
            as_buf_done(&folded);
            /* '_' is no letter of a word, so it parts two. */
            if (!ok || !add_phrase(l, a, e, copy))
                return false;
        }
    }
    return true;
}

const lexicon *lexicon_make(as_arena *a)
{
    lexicon *l = as_arena_take(a, 1, sizeof(*l));

    if (!l)
        return NULL;
    l->seed = 0x9e3779b97f4a7c15u; /* the table's words are ours, not the attacker's */
    for (size_t i = 0; i < AS_COUNT(entries); i++) {
        const char *at = entries[i].phrases;

        while (*at) {
            size_t n = strcspn(at, "|");

            if (!add_phrase(l, a, &entries[i], (as_bytes){(const uint8_t *)at, n}))
                return NULL;
            at += n + (at[n] == '|');
        }
    }
    return add_kinds(l, a) ? l : NULL;
}

static bool fits(const phrase *p, const word *words, size_t n)
{
    if (p->n > n)
        return false;
    for (size_t i = 0; i < p->n; i++) {
        if (!as_bytes_eq(p->words[i], words[i].text))
            return false;
    }
    return true;
}

size_t lexicon_match(const lexicon *l, const word *words, size_t n, sign *ret)
{
    const phrase *best = NULL;

    for (const phrase *p = l->first[bucket(l, words[0].text)]; p; p = p->next) {
        if ((!best || p->n > best->n) && fits(p, words, n))
            best = p;
    }
    if (!best)
        return 0;
    *ret = (sign){.id = best->entry->id,
                  .arg = best->entry->arg,
                  .begin = words[0].begin,
                  .end = words[best->n - 1].end,
                  .text = best->entry->text};
    for (size_t i = 0; i < best->n; i++)
        ret->guessed = ret->guessed || words[i].mended;
    return best->n;
}

/* --- typing errors ----------------------------------------------------------------------- */

#define MEND_MAX 24

/* Insertions, deletions, replacements and swaps of neighbours (restricted Damerau). */
static size_t distance(as_bytes a, as_bytes b, size_t limit)
{
    size_t rows[3][MEND_MAX + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t k = 0; k <= b.n; k++)
        last[k] = k;
    for (size_t i = 1; i <= a.n; i++) {
        size_t least = now[0] = i, *spare = before;

        for (size_t k = 1; k <= b.n; k++) {
            size_t d = last[k - 1] + (a.p[i - 1] != b.p[k - 1]);

            d = last[k] + 1 < d ? last[k] + 1 : d;
            d = now[k - 1] + 1 < d ? now[k - 1] + 1 : d;
            if (i > 1 && k > 1 && a.p[i - 1] == b.p[k - 2] && a.p[i - 2] == b.p[k - 1] &&
                before[k - 2] + 1 < d)
                d = before[k - 2] + 1;
            now[k] = d;
            least = d < least ? d : least;
        }
        if (least > limit)
            return limit + 1;
        before = last;
        last = now;
        now = spare;
    }
    return last[b.n];
}

/* The same letters: two of them changed places. */
static bool is_anagram(as_bytes a, as_bytes b)
{
    int seen[256] = {0};

    if (a.n != b.n)
        return false;
    for (size_t i = 0; i < a.n; i++) {
        seen[a.p[i]]++;
        seen[b.p[i]]--;
    }
    for (size_t i = 0; i < AS_COUNT(seen); i++) {
        if (seen[i] != 0)
            return false;
    }
    return true;
}

bool lexicon_mend(const lexicon *l, word *w)
{
    size_t limit = w->whole.n >= 8 ? 2 : 1, best = limit + 1;
    const stem *found = NULL;
    bool twice = false;

    if (!w->latin || w->whole.n < 4 || w->whole.n > MEND_MAX)
        return false;
    for (size_t i = 0; i < l->n_all; i++) {
        const stem *s = l->all[i];
        size_t d;

        if (s->whole.n + limit < w->whole.n || s->whole.n > w->whole.n + limit ||
            s->whole.n > MEND_MAX || s->text.p[0] != w->text.p[0])
            continue;
        d = distance(w->whole, s->whole, limit);
        if (d < best || (d == best && found && is_anagram(w->whole, s->whole) &&
                         !is_anagram(w->whole, found->whole))) {
            best = d;
            found = s;
            twice = false;
        } else if (d == best && found && is_anagram(w->whole, found->whole)) {
            continue;
        } else if (d == best && d <= limit && !as_bytes_eq(s->text, found->text)) {
            twice = true;
        }
    }
    if (!found || twice)
        return false;
    w->text = found->text;
    w->mended = true;
    return true;
}
