/// Deployments: one ReplicaSet for each version of the template, and pods moved from the old ones to the new.
package io.hypernetes.controllers.deployment;
