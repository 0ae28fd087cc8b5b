/// What controllers of pods share: the state of a pod in a word, adopting and releasing, creating many with care, and knowing whether
/// the caches show one's own writes yet.
package io.hypernetes.controllers.pods;
