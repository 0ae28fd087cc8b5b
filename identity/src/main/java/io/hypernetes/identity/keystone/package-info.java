/// People whom Keystone knows: their tokens are shown to it, and a project stands for a tenant.
@NullMarked
package io.hypernetes.identity.keystone;

import org.jspecify.annotations.NullMarked;
