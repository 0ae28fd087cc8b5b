/// The Docker Engine API over a unix socket: hyperd's face for people and CI.
///
/// It is thin: [DockerServer] is the HTTP edge, [DockerApi] the calls. So far it knows what concerns images (`docker load`, `docker images`,
/// `docker pull`, `docker rmi`, `docker version`); every other call answers 501 and says so.
package io.hypernetes.hyperd.docker;
