import ArgumentParser
import Dispatch
import Glibc
import IdleMemory

IdleMemory.useOneHeap()
Task {
    await Program.main()
    exit(0)
}
dispatchMain()
