/// PodDisruptionBudgets: how many pods may be taken away at the moment, which the eviction of pods heeds.
package io.hypernetes.controllers.disruption;
