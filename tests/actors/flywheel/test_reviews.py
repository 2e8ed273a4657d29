"""When promotions are looked at: news is told of what is durable, and never lost."""

import threading
from collections.abc import Callable

import trio

from actors.flywheel.reviews import News


def in_another_thread(work: Callable[[], None]) -> None:
    """Let another thread do it while nothing else happens on trio's."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


async def test_what_an_earlier_commit_made_durable_does_not_use_up_the_news_of_the_next() -> None:
    news, token = News(), trio.lowlevel.current_trio_token()

    def write() -> None:
        token.run_sync_soon(news.committed)  # the earlier one, of which trio has not heard yet
        news.tell()  # a write of the next one, which is not durable yet

    in_another_thread(write)
    await news.wait(0.05)
    token.run_sync_soon(news.committed)

    with trio.fail_after(1):
        await news.wait(None)


async def test_what_is_told_on_trio_s_own_thread_counts_with_the_next_commit() -> None:
    news = News()

    news.tell()
    news.committed()

    with trio.fail_after(1):
        await news.wait(None)
