/// Admission that a tenant has programmed: webhooks and policies in CEL. Whatever a tenant makes this server call or compute is
/// hostile, hence the bounds on where, how long and how much.
@NullMarked
package io.hypernetes.apiserver.webhook;

import org.jspecify.annotations.NullMarked;
