/// HorizontalPodAutoscalers: as many pods as the use of cpu and memory asks for.
package io.hypernetes.controllers.scaling;
