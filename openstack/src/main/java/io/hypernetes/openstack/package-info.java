/// Plain REST clients for OpenStack's services. Every answer is bounded in size and time, and no password or token comes into a message.
@NullMarked
package io.hypernetes.openstack;

import org.jspecify.annotations.NullMarked;
