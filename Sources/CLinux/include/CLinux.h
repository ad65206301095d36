#pragma once
#include <sys/types.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <libnetfilter_log/libnetfilter_log.h>
#include <libnetfilter_conntrack/libnetfilter_conntrack.h>

// <nftables/libnftables.h> defines _GNU_SOURCE itself, which must not change what the headers above declare.
#pragma push_macro("_GNU_SOURCE")
#undef _GNU_SOURCE
#include <nftables/libnftables.h>
#pragma pop_macro("_GNU_SOURCE")

/// Starts a program whose standard output and error are `output`, with no other descriptor of ours and default signals.
/// With `outlives` it has a session and process group of its own, and `/` as its directory, so that neither our end nor our
/// terminal's concerns it; else it receives SIGTERM when the calling *thread* ends. Returns its process id, or -1 with errno
/// set.
pid_t ztna_spawn(const char *path, char *const argv[], char *const envp[], int output, int outlives);

/// pidfd_open(2); -1 with errno set.
int ztna_pidfd_open(pid_t process);
/// pidfd_send_signal(2); -1 with errno set.
int ztna_pidfd_send_signal(int descriptor, int signal);

/// A timerfd(2) on the wall clock that never expires: it can be read, with ECANCELED, once that clock has been set or the
/// machine has slept. -1 with errno set.
int ztna_clock_alarm(void);
