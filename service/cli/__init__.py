"""`fitserve ...`"""
