/// The Docker Engine API over a unix socket: hyperd's face for people and CI. Each Docker container is a sandbox with one container while
/// it runs, and a record and a disk while it does not; CRI does not see it. [DockerApi] says which call goes where; what is not answered
/// yet answers 501 and says so.
@NullMarked
package io.hypernetes.hyperd.docker;

import org.jspecify.annotations.NullMarked;
