#pragma once
// Going on in the background.

namespace bdaas {

// Forks; true in the child, which has a session of its own. False in the parent, which may leave.
bool go_to_background();

// Lets go of the caller's stdin, stdout and stderr, once nothing more is to be said there.
void leave_terminal();

}  // namespace bdaas
