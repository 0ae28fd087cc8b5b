/// Claims and the volumes they get: binding, making disks of nodes, reclaiming, protection of what is in use.
package io.hypernetes.controllers.volume;
