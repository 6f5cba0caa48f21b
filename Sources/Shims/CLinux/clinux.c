#define _GNU_SOURCE
#include "clinux.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>

enum { MAXIMUM_EVENTS = 64 };

int clinux_epoll(void) { return epoll_create1(EPOLL_CLOEXEC); }

int clinux_event(void) { return eventfd(0, EFD_CLOEXEC); }

bool clinux_watch(int epoll, int fd, uint64_t mark, bool writing, bool adding) {
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLONESHOT | (writing ? EPOLLOUT : 0),
      .data.u64 = mark,
  };
  return epoll_ctl(epoll, adding ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event) == 0;
}

void clinux_unwatch(int epoll, int fd) {
  epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL);
}

int clinux_wait(int epoll, uint64_t *marks, int capacity) {
  struct epoll_event events[MAXIMUM_EVENTS];
  int limit = capacity < MAXIMUM_EVENTS ? capacity : MAXIMUM_EVENTS;
  int count = epoll_wait(epoll, events, limit, -1);
  for (int i = 0; i < count; i++) marks[i] = events[i].data.u64;
  return count;
}

void clinux_enter_thread(const char *name) {
  pthread_setname_np(pthread_self(), name);
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, NULL);
}
