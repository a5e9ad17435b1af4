"""
Whether what the gateway commits would outlive a power cut, as the database says itself.

It asks and copies; it refuses to judge.
"""

from collections.abc import Mapping

# The statements are written out: SHOW takes no parameters.
SHOWN: Mapping[str, str] = {
    "fsync": "SHOW fsync",
    "synchronous_commit": "SHOW synchronous_commit",
    "full_page_writes": "SHOW full_page_writes",
}


async def durability_of(database_url: str) -> Mapping[str, str]:
    """
    The three settings, as the server shows them.
    """
    # Asked once, at the end; half a second of imports that no other step of a run needs.
    from sqlalchemy import text  # noqa: PLC0415
    from sqlalchemy.ext.asyncio import create_async_engine  # noqa: PLC0415

    engine = create_async_engine(database_url)
    try:
        async with engine.connect() as connection:
            return {name: str(await connection.scalar(text(statement))) for name, statement in SHOWN.items()}
    finally:
        await engine.dispose()
