/// DaemonSets: one pod on every node that they select.
package io.hypernetes.controllers.daemon;
