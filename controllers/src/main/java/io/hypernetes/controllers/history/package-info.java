/// The versions of a pod template, kept as ControllerRevisions, for StatefulSets and DaemonSets.
package io.hypernetes.controllers.history;
