"""The three CDMOs as real servers on loopback, on free ports: HTTP for northvale, SFTP for brightwater, a folder for
halden. They know the story and nothing of the hub. Whoever starts one stops it."""
