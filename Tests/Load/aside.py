"""Something that goes on beside the logins, in a process of its own: their threads and starts would hold it up."""

import multiprocessing

context = multiprocessing.get_context("fork")


class Aside:
    """Runs `go()` from `with` to its end, and then holds what it gave; it must not outlast `self.ended` for long."""

    def __enter__(self):
        self.ended = context.Event()
        self.result, theirs = context.Pipe(duplex=False)
        self.process = context.Process(target=self.deliver, args=(theirs,), daemon=True)
        self.process.start()
        theirs.close()
        return self

    def deliver(self, pipe):
        pipe.send(self.go())

    def __exit__(self, *_):
        self.ended.set()
        try:
            self.take(self.result.recv())
        except EOFError:
            raise SystemExit(f"load: {type(self).__name__} died; its error stands above") from None
        finally:
            self.process.join()
