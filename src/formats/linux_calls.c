#include "formats/linux_calls_priv.h"

#include "formats/linux_priv.h"

#include <string.h>

#include "base/banned.h"

#define PROCESS "process"
#define FILES   "file"
#define NETWORK "network"
#define MEMORY  "memory"
#define SIGNALS "signal"
#define IPC     "ipc"
#define WAITING "synchronization"
#define SYSTEM  "system"

#define CALL(name, category, role)                                                                 \
    {                                                                                              \
#name, category, AS_LINUX_##role                                                           \
    }
#define PLAIN(name, category)                                                                      \
    {                                                                                              \
#name, category, AS_LINUX_COUNTED                                                          \
    }

/* By name, so that a name is found by halving. */
/* clang-format off */
static const as_linux_call calls[] = {
    PLAIN(_llseek, FILES), PLAIN(_newselect, WAITING), CALL(accept, NETWORK, ACCEPT),
    CALL(accept4, NETWORK, ACCEPT), CALL(access, FILES, STAT), CALL(acct, FILES, PATH),
    CALL(add_key, SYSTEM, TOLD), CALL(adjtimex, SYSTEM, TOLD), PLAIN(alarm, SIGNALS),
    PLAIN(arch_prctl, PROCESS), CALL(bind, NETWORK, BIND), CALL(bpf, SYSTEM, TOLD),
    PLAIN(brk, MEMORY), PLAIN(capget, PROCESS), CALL(capset, PROCESS, TOLD), PLAIN(chdir, FILES),
    CALL(chmod, FILES, PATH), CALL(chown, FILES, PATH), CALL(chown32, FILES, PATH),
    CALL(chroot, FILES, PATH), PLAIN(clock_adjtime, SYSTEM), PLAIN(clock_getres, SYSTEM),
    PLAIN(clock_gettime, SYSTEM), PLAIN(clock_gettime64, SYSTEM), PLAIN(clock_nanosleep, WAITING),
    PLAIN(clock_nanosleep_time64, WAITING), CALL(clock_settime, SYSTEM, TOLD),
    CALL(clock_settime64, SYSTEM, TOLD), CALL(clone, PROCESS, FORK), CALL(clone3, PROCESS, FORK),
    CALL(close, FILES, CLOSE), CALL(close_range, FILES, CLOSE_RANGE),
    CALL(connect, NETWORK, CONNECT), PLAIN(copy_file_range, FILES), CALL(creat, FILES, CREAT),
    CALL(create_module, SYSTEM, TOLD), CALL(delete_module, SYSTEM, TOLD), CALL(dup, FILES, DUP),
    CALL(dup2, FILES, DUP), CALL(dup3, FILES, DUP), CALL(epoll_create, WAITING, NEW_FD),
    CALL(epoll_create1, WAITING, NEW_FD), PLAIN(epoll_ctl, WAITING), PLAIN(epoll_pwait, WAITING),
    PLAIN(epoll_pwait2, WAITING), PLAIN(epoll_wait, WAITING), CALL(eventfd, WAITING, NEW_FD),
    CALL(eventfd2, WAITING, NEW_FD), CALL(execve, PROCESS, EXEC), CALL(execveat, PROCESS, EXECAT),
    CALL(exit, PROCESS, EXIT), CALL(exit_group, PROCESS, EXIT), CALL(faccessat, FILES, STATAT),
    CALL(faccessat2, FILES, STATAT), PLAIN(fadvise64, FILES), CALL(fallocate, FILES, WRITE),
    CALL(fanotify_init, FILES, TOLD), CALL(fanotify_mark, FILES, TOLD), PLAIN(fchdir, FILES),
    CALL(fchmod, FILES, FD), CALL(fchmodat, FILES, PATHAT), CALL(fchmodat2, FILES, PATHAT),
    CALL(fchown, FILES, FD), CALL(fchown32, FILES, FD), CALL(fchownat, FILES, PATHAT),
    CALL(fcntl, FILES, FCNTL), CALL(fcntl64, FILES, FCNTL), PLAIN(fdatasync, FILES),
    PLAIN(fgetxattr, FILES), CALL(finit_module, SYSTEM, TOLD), PLAIN(flistxattr, FILES),
    PLAIN(flock, FILES), CALL(fork, PROCESS, FORK), CALL(fremovexattr, FILES, FD),
    CALL(fsconfig, FILES, TOLD), CALL(fsetxattr, FILES, FD), CALL(fsmount, FILES, NEW_FD),
    CALL(fsopen, FILES, NEW_FD), CALL(fspick, FILES, NEW_FD), PLAIN(fstat, FILES),
    PLAIN(fstat64, FILES), CALL(fstatat64, FILES, STATAT), PLAIN(fstatfs, FILES),
    PLAIN(fstatfs64, FILES), PLAIN(fsync, FILES), CALL(ftruncate, FILES, WRITE),
    CALL(ftruncate64, FILES, WRITE), PLAIN(futex, WAITING), PLAIN(futex_time64, WAITING),
    PLAIN(futex_waitv, WAITING), CALL(futimesat, FILES, PATHAT), PLAIN(get_mempolicy, MEMORY),
    PLAIN(get_robust_list, PROCESS), PLAIN(get_thread_area, PROCESS), PLAIN(getcpu, PROCESS),
    PLAIN(getcwd, FILES), CALL(getdents, FILES, LIST), CALL(getdents64, FILES, LIST),
    PLAIN(getegid, PROCESS), PLAIN(getegid32, PROCESS), PLAIN(geteuid, PROCESS),
    PLAIN(geteuid32, PROCESS), PLAIN(getgid, PROCESS), PLAIN(getgid32, PROCESS),
    PLAIN(getgroups, PROCESS), PLAIN(getitimer, SIGNALS), PLAIN(getpeername, NETWORK),
    PLAIN(getpgid, PROCESS), PLAIN(getpgrp, PROCESS), CALL(getpid, PROCESS, SELF),
    PLAIN(getppid, PROCESS), PLAIN(getpriority, PROCESS), PLAIN(getrandom, SYSTEM),
    PLAIN(getresgid, PROCESS), PLAIN(getresuid, PROCESS), PLAIN(getrlimit, PROCESS),
    PLAIN(getrusage, PROCESS), PLAIN(getsid, PROCESS), PLAIN(getsockname, NETWORK),
    PLAIN(getsockopt, NETWORK), CALL(gettid, PROCESS, SELF), PLAIN(gettimeofday, SYSTEM),
    PLAIN(getuid, PROCESS), PLAIN(getuid32, PROCESS), PLAIN(getxattr, FILES),
    CALL(init_module, SYSTEM, TOLD), PLAIN(inotify_add_watch, FILES),
    CALL(inotify_init, FILES, NEW_FD), CALL(inotify_init1, FILES, NEW_FD),
    PLAIN(inotify_rm_watch, FILES), PLAIN(io_cancel, WAITING), PLAIN(io_destroy, WAITING),
    PLAIN(io_getevents, WAITING), PLAIN(io_setup, WAITING), PLAIN(io_submit, WAITING),
    PLAIN(io_uring_enter, WAITING), PLAIN(io_uring_register, WAITING),
    CALL(io_uring_setup, WAITING, TOLD), PLAIN(ioctl, FILES), CALL(ioperm, PROCESS, TOLD),
    CALL(iopl, PROCESS, TOLD), PLAIN(ipc, IPC), PLAIN(kcmp, SYSTEM),
    CALL(kexec_file_load, SYSTEM, TOLD), CALL(kexec_load, SYSTEM, TOLD),
    CALL(keyctl, SYSTEM, TOLD), CALL(kill, PROCESS, TARGET), PLAIN(landlock_add_rule, SYSTEM),
    CALL(landlock_create_ruleset, SYSTEM, NEW_FD), PLAIN(landlock_restrict_self, SYSTEM),
    CALL(lchown, FILES, PATH), CALL(lchown32, FILES, PATH), PLAIN(lgetxattr, FILES),
    CALL(link, FILES, LINK), CALL(linkat, FILES, LINKAT), CALL(listen, NETWORK, TOLD),
    PLAIN(listxattr, FILES), PLAIN(llistxattr, FILES), CALL(lremovexattr, FILES, PATH),
    PLAIN(lseek, FILES), CALL(lsetxattr, FILES, PATH), CALL(lstat, FILES, STAT),
    CALL(lstat64, FILES, STAT), PLAIN(madvise, MEMORY), PLAIN(mbind, MEMORY),
    PLAIN(membarrier, PROCESS), CALL(memfd_create, MEMORY, TOLD),
    CALL(memfd_secret, MEMORY, TOLD), PLAIN(migrate_pages, MEMORY), PLAIN(mincore, MEMORY),
    CALL(mkdir, FILES, MKDIR), CALL(mkdirat, FILES, MKDIRAT), CALL(mknod, FILES, PATH),
    CALL(mknodat, FILES, PATHAT), PLAIN(mlock, MEMORY), PLAIN(mlock2, MEMORY),
    PLAIN(mlockall, MEMORY), CALL(mmap, MEMORY, MMAP), CALL(mmap2, MEMORY, MMAP),
    CALL(modify_ldt, PROCESS, TOLD), CALL(mount, FILES, TOLD), CALL(mount_setattr, FILES, TOLD),
    CALL(move_mount, FILES, TOLD), PLAIN(move_pages, MEMORY), CALL(mprotect, MEMORY, MPROTECT),
    PLAIN(mq_getsetattr, IPC), PLAIN(mq_notify, IPC), CALL(mq_open, IPC, NEW_FD),
    PLAIN(mq_timedreceive, IPC), PLAIN(mq_timedsend, IPC), PLAIN(mq_unlink, IPC),
    PLAIN(mremap, MEMORY), PLAIN(msgctl, IPC), PLAIN(msgget, IPC), PLAIN(msgrcv, IPC),
    PLAIN(msgsnd, IPC), PLAIN(msync, MEMORY), PLAIN(munlock, MEMORY), PLAIN(munlockall, MEMORY),
    PLAIN(munmap, MEMORY), CALL(name_to_handle_at, FILES, PATHAT), PLAIN(nanosleep, WAITING),
    CALL(newfstatat, FILES, STATAT), CALL(nfsservctl, SYSTEM, TOLD), CALL(open, FILES, OPEN),
    CALL(open_by_handle_at, FILES, TOLD), CALL(open_tree, FILES, NEW_FD),
    CALL(openat, FILES, OPENAT), CALL(openat2, FILES, OPENAT), PLAIN(pause, SIGNALS),
    CALL(perf_event_open, SYSTEM, TOLD), CALL(personality, PROCESS, TOLD),
    CALL(pidfd_getfd, PROCESS, TARGET), CALL(pidfd_open, PROCESS, NEW_FD),
    CALL(pidfd_send_signal, PROCESS, TARGET), CALL(pipe, FILES, NEW_FDS),
    CALL(pipe2, FILES, NEW_FDS), CALL(pivot_root, FILES, TOLD), PLAIN(pkey_alloc, MEMORY),
    PLAIN(pkey_free, MEMORY), CALL(pkey_mprotect, MEMORY, MPROTECT), PLAIN(poll, WAITING),
    PLAIN(ppoll, WAITING), PLAIN(ppoll_time64, WAITING), CALL(prctl, PROCESS, PRCTL),
    CALL(pread64, FILES, READ), CALL(preadv, FILES, READ), CALL(preadv2, FILES, READ),
    PLAIN(prlimit64, PROCESS), CALL(process_madvise, PROCESS, TARGET),
    CALL(process_mrelease, PROCESS, TOLD), CALL(process_vm_readv, PROCESS, TARGET),
    CALL(process_vm_writev, PROCESS, TARGET), PLAIN(pselect6, WAITING),
    PLAIN(pselect6_time64, WAITING), CALL(ptrace, PROCESS, TARGET2), CALL(pwrite64, FILES, WRITE),
    CALL(pwritev, FILES, WRITE), CALL(pwritev2, FILES, WRITE), CALL(quotactl, FILES, TOLD),
    CALL(read, FILES, READ), PLAIN(readahead, FILES), CALL(readlink, FILES, PATH),
    CALL(readlinkat, FILES, PATHAT), CALL(readv, FILES, READ), CALL(reboot, SYSTEM, TOLD),
    PLAIN(recvfrom, NETWORK), PLAIN(recvmmsg, NETWORK), PLAIN(recvmsg, NETWORK),
    PLAIN(remap_file_pages, MEMORY), CALL(removexattr, FILES, PATH), CALL(rename, FILES, MOVE),
    CALL(renameat, FILES, MOVEAT), CALL(renameat2, FILES, MOVEAT),
    CALL(request_key, SYSTEM, TOLD), PLAIN(restart_syscall, SIGNALS), CALL(rmdir, FILES, RMDIR),
    PLAIN(rseq, PROCESS), PLAIN(rt_sigaction, SIGNALS), PLAIN(rt_sigpending, SIGNALS),
    PLAIN(rt_sigprocmask, SIGNALS), CALL(rt_sigqueueinfo, SIGNALS, TARGET),
    PLAIN(rt_sigreturn, SIGNALS), PLAIN(rt_sigsuspend, SIGNALS), PLAIN(rt_sigtimedwait, SIGNALS),
    CALL(rt_tgsigqueueinfo, SIGNALS, TARGET), PLAIN(sched_getaffinity, PROCESS),
    PLAIN(sched_getparam, PROCESS), PLAIN(sched_getscheduler, PROCESS),
    PLAIN(sched_setaffinity, PROCESS), PLAIN(sched_setparam, PROCESS),
    PLAIN(sched_setscheduler, PROCESS), PLAIN(sched_yield, PROCESS), CALL(seccomp, PROCESS, TOLD),
    PLAIN(select, WAITING), PLAIN(semctl, IPC), PLAIN(semget, IPC), PLAIN(semop, IPC),
    PLAIN(semtimedop, IPC), CALL(sendfile, FILES, WRITE), CALL(sendfile64, FILES, WRITE),
    CALL(sendmmsg, NETWORK, SEND), CALL(sendmsg, NETWORK, SEND), CALL(sendto, NETWORK, SEND),
    PLAIN(set_mempolicy, MEMORY), PLAIN(set_robust_list, PROCESS),
    PLAIN(set_thread_area, PROCESS), CALL(set_tid_address, PROCESS, SELF),
    CALL(setdomainname, NETWORK, TOLD), CALL(setfsgid, PROCESS, TOLD),
    CALL(setfsuid, PROCESS, TOLD), CALL(setgid, PROCESS, TOLD), CALL(setgid32, PROCESS, TOLD),
    CALL(setgroups, PROCESS, TOLD), CALL(setgroups32, PROCESS, TOLD),
    CALL(sethostname, NETWORK, TOLD), PLAIN(setitimer, SIGNALS), CALL(setns, PROCESS, TOLD),
    PLAIN(setpgid, PROCESS), PLAIN(setpriority, PROCESS), CALL(setregid, PROCESS, TOLD),
    CALL(setregid32, PROCESS, TOLD), CALL(setresgid, PROCESS, TOLD),
    CALL(setresgid32, PROCESS, TOLD), CALL(setresuid, PROCESS, TOLD),
    CALL(setresuid32, PROCESS, TOLD), CALL(setreuid, PROCESS, TOLD),
    CALL(setreuid32, PROCESS, TOLD), PLAIN(setrlimit, PROCESS), CALL(setsid, PROCESS, TOLD),
    PLAIN(setsockopt, NETWORK), CALL(settimeofday, SYSTEM, TOLD), CALL(setuid, PROCESS, TOLD),
    CALL(setuid32, PROCESS, TOLD), CALL(setxattr, FILES, PATH), PLAIN(shmat, IPC),
    PLAIN(shmctl, IPC), PLAIN(shmdt, IPC), PLAIN(shmget, IPC), PLAIN(shutdown, NETWORK),
    PLAIN(sigaction, SIGNALS), PLAIN(sigaltstack, SIGNALS), PLAIN(signal, SIGNALS),
    CALL(signalfd, SIGNALS, NEW_FD), CALL(signalfd4, SIGNALS, NEW_FD), PLAIN(sigpending, SIGNALS),
    PLAIN(sigprocmask, SIGNALS), PLAIN(sigreturn, SIGNALS), PLAIN(sigsuspend, SIGNALS),
    CALL(socket, NETWORK, SOCKET), PLAIN(socketcall, NETWORK), CALL(socketpair, NETWORK, NEW_FDS),
    PLAIN(splice, FILES), CALL(stat, FILES, STAT), CALL(stat64, FILES, STAT),
    PLAIN(statfs, FILES), PLAIN(statfs64, FILES), CALL(statx, FILES, STATAT),
    CALL(stime, SYSTEM, TOLD), CALL(swapoff, FILES, PATH), CALL(swapon, FILES, PATH),
    CALL(symlink, FILES, LINK), CALL(symlinkat, FILES, SYMLINKAT), PLAIN(sync, FILES),
    PLAIN(sync_file_range, FILES), PLAIN(syncfs, FILES), PLAIN(sysinfo, SYSTEM),
    CALL(syslog, SYSTEM, TOLD), PLAIN(tee, FILES), CALL(tgkill, PROCESS, TARGET),
    PLAIN(time, SYSTEM), PLAIN(timer_create, WAITING), PLAIN(timer_delete, WAITING),
    PLAIN(timer_getoverrun, WAITING), PLAIN(timer_gettime, WAITING),
    PLAIN(timer_settime, WAITING), CALL(timerfd_create, WAITING, NEW_FD),
    PLAIN(timerfd_gettime, WAITING), PLAIN(timerfd_settime, WAITING), PLAIN(times, PROCESS),
    CALL(tkill, PROCESS, TARGET), CALL(truncate, FILES, TRUNCATE),
    CALL(truncate64, FILES, TRUNCATE), PLAIN(ugetrlimit, PROCESS), PLAIN(umask, FILES),
    CALL(umount, FILES, PATH), CALL(umount2, FILES, PATH), PLAIN(uname, SYSTEM),
    CALL(unlink, FILES, DELETE), CALL(unlinkat, FILES, DELETEAT), CALL(unshare, PROCESS, TOLD),
    CALL(uselib, FILES, PATH), CALL(userfaultfd, MEMORY, TOLD), CALL(utime, FILES, PATH),
    CALL(utimensat, FILES, PATHAT), CALL(utimensat_time64, FILES, PATHAT),
    CALL(utimes, FILES, PATH), CALL(vfork, PROCESS, FORK), CALL(vhangup, SYSTEM, TOLD),
    PLAIN(vmsplice, FILES), PLAIN(wait4, PROCESS), PLAIN(waitid, PROCESS),
    PLAIN(waitpid, PROCESS), CALL(write, FILES, WRITE), CALL(writev, FILES, WRITE),
};
/* clang-format on */

const as_linux_call *as_linux_call_of(as_bytes name)
{
    size_t low = 0, high = name.n ? AS_COUNT(calls) : 0;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        size_t n = strlen(calls[mid].name);
        int order = memcmp(name.p, calls[mid].name, name.n < n ? name.n : n);

        if (!order && name.n == n)
            return &calls[mid];
        if (order > 0 || (!order && name.n > n))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const char *as_linux_arch_name(uint32_t arch)
{
    switch (arch) {
    case AS_LINUX_X86_64:
        return "x86_64";
    case AS_LINUX_I386:
        return "i386";
    case AS_LINUX_ARM64:
        return "aarch64";
    default:
        return NULL;
    }
}

#define X32_BIT 0x40000000u /* of a call through the x32 door of x86-64 */

const char *as_linux_name_of(uint32_t arch, uint32_t number)
{
    switch (arch) {
    case AS_LINUX_X86_64:
        number &= ~X32_BIT;
        return number < as_linux_x86_64_count ? as_linux_x86_64[number] : NULL;
    case AS_LINUX_I386:
        return number < as_linux_i386_count ? as_linux_i386[number] : NULL;
    case AS_LINUX_ARM64:
        return number < as_linux_arm64_count ? as_linux_arm64[number] : NULL;
    default:
        return NULL;
    }
}

const char *as_linux_errno_name(uint32_t number)
{
    return number < as_linux_errors_count ? as_linux_errors[number] : NULL;
}
