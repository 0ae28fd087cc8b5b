/// Who waits when many ask at once: seats for running requests, shared out by tenant and then by user.
@org.jspecify.annotations.NullMarked
package io.hypernetes.apiserver.fair;
