#ifndef CLINUX_H
#define CLINUX_H
// Linux interfaces that Swift's Glibc module leaves out.
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>

// A new epoll or event descriptor, closed on exec; -1 on failure.
int clinux_epoll(void);
int clinux_event(void);

// Watches fd for input (and output if `writing`) once, level-triggered; `mark` is what
// clinux_wait reports. `adding` for a new fd, else the fd is armed again.
bool clinux_watch(int epoll, int fd, uint64_t mark, bool writing, bool adding);

void clinux_unwatch(int epoll, int fd);

// Waits without limit; writes the marks of what is ready and returns how many, or -1.
int clinux_wait(int epoll, uint64_t *marks, int capacity);

// Names the calling thread (at most 15 bytes) and blocks all signals for it, which leaves them
// to the threads made for them.
void clinux_enter_thread(const char *name);
#endif
