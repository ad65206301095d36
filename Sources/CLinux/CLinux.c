#define _GNU_SOURCE
#include "CLinux.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

// Between fork and exec only async-signal-safe calls: other threads of ours may hold any lock.
pid_t ztna_spawn(const char *path, char *const argv[], char *const envp[], int output, int outlives) {
    pid_t parent = getpid();
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null < 0) return -1;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t child = fork();
    if (child != 0) {
        int failure = errno;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        close(null);
        errno = failure;
        return child;
    }
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (outlives) {
        if (setsid() < 0 || chdir("/") != 0) _exit(127);
    } else if (prctl(PR_SET_PDEATHSIG, SIGTERM) != 0 || getppid() != parent) {
        _exit(127);
    }
    if (dup2(null, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) _exit(127);
    if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0) {
        for (int descriptor = 3; descriptor < 1024; descriptor++) close(descriptor);
    }
    execve(path, argv, envp);
    _exit(127);
}

int ztna_pidfd_open(pid_t process) { return (int)syscall(SYS_pidfd_open, process, 0U); }

int ztna_pidfd_send_signal(int descriptor, int number) {
    return (int)syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0U);
}

int ztna_clock_alarm(void) {
    int descriptor = timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK);
    if (descriptor < 0) return -1;
    // The year 10000: a moment that no clock is set to.
    struct itimerspec never = {.it_value = {.tv_sec = 253402300800}};
    if (timerfd_settime(descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL) == 0) return descriptor;
    int failure = errno;
    close(descriptor);
    errno = failure;
    return -1;
}
