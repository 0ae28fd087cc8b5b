// Changes of a folder, which busybox does not wait for: `watch FOLDER` goes to the background once it watches and prints each name that something is moved to.
#include <stdio.h>
#include <sys/inotify.h>
#include <unistd.h>

int main(int count, char **words) {
  if (count < 2) return 64;
  int door = inotify_init();
  if (inotify_add_watch(door, words[1], IN_MOVED_TO) < 0 || daemon(1, 1) < 0) {
    perror("watch");
    return 1;
  }
  alarm(300);
  char events[4096] __attribute__((aligned(__alignof__(struct inotify_event))));
  for (;;) {
    ssize_t size = read(door, events, sizeof events);
    if (size <= 0) return 1;
    for (char *at = events; at < events + size; at += sizeof(struct inotify_event) + ((struct inotify_event *) at)->len) {
      puts(((struct inotify_event *) at)->name);
    }
    fflush(stdout);
  }
}
