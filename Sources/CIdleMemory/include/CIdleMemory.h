#pragma once

/// Gives two kinds of memory back to the system: what holds code and constants of the program and its libraries as their files
/// have them, and whole pages that malloc keeps free. Code that is needed again comes from the page cache. Nothing that was
/// ever written to is touched but free pages of the heap; a debugger's breakpoints are lost.
void ztna_release_idle_memory(void);

/// Makes malloc take all from one heap, and what is large from the system, to which it goes back as soon as it is freed.
/// Before there is a second thread.
void ztna_use_one_heap(void);
