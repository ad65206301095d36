#pragma once

/// Gives two kinds of memory back to the system: what holds code and constants of the program and its libraries as their files
/// have them, and whole pages that malloc keeps free. Code that is needed again comes from the page cache. Nothing that was
/// ever written to is touched but free pages of the heap; a debugger's breakpoints are lost.
void ztna_release_idle_memory(void);
