/// Seccomp profiles: the ordinary one, and those of OCI and Docker, compiled to the program that a guest's kernel runs.
@NullMarked
package io.hypernetes.hyperd.seccomp;

import org.jspecify.annotations.NullMarked;
