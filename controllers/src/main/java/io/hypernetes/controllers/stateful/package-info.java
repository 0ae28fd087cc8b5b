/// StatefulSets: pods with names, places and volumes of their own, made and renewed in order.
package io.hypernetes.controllers.stateful;
